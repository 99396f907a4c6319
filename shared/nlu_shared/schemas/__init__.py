"""Every byte that leaves a process. Pydantic only: no I/O, no clock."""
