"""Exports: downloaded now, or written by a schedule, with what each schedule has written."""
