"""Reads approved ground truth and improves a prompt by itself, with a verdict one can trust."""

VERSION = "0.3.0"
