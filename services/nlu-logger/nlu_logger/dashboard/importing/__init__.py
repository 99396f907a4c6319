"""Files that are brought in on a page, with a result per line."""
