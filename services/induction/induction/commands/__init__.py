"""The commands one types, a file each family of them: they ask the API, or start a process."""
