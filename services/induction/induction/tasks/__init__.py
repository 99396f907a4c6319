"""The tasks as rows: what can be optimised, with labels and models.

What a kind of task means is in `task_kinds`.
"""
