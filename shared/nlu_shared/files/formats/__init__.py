"""The files of the field's tools, a file a format: from what stands there to texts with labels."""
