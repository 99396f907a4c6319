"""Bundles: versions out to other instances and in from them, signed."""
