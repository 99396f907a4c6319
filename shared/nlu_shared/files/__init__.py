"""The one reader of what people bring in: bytes in, numbered rows and faults out; and the files of
the field's tools as texts with their labels. Another format goes into `formats/registry.py`."""
