"""WHAT is optimised. Pure: a task renders requests, reads answers and scores them."""
