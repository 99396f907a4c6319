"""The engine in a process of its own, and how worker and engine talk."""
