"""Train, validation and test by a stable hash of the text, and the card of the folder. Pure.

The hash is taken over the text without case and spacing, so near-equal texts share a split and a
text keeps its split in every later export with the same seed and shares.
"""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple, Self

SPLITS = ("train", "validation", "test")


class BadSplits(ValueError):
    """Shares that are no shares."""


class Shares(NamedTuple):
    """Parts of a hundred."""

    train: int
    validation: int
    test: int

    @classmethod
    def read(cls, shares: str) -> Self:
        """From "80/10/10". Raises BadSplits unless three whole numbers add up to 100."""
        parts = [int(part) if part.isdecimal() else -1 for part in shares.split("/")]
        if len(parts) != 3 or sum(parts) != 100 or min(parts) < 0:
            raise BadSplits("splits are three whole numbers that add up to 100, as in 80/10/10")
        return cls(*parts)


def split_of(text: str, shares: Shares, *, seed: int) -> str:
    """The split a text belongs to, now and always."""
    key = " ".join(text.casefold().split())
    drawn = int.from_bytes(hashlib.sha256(f"{seed}\n{key}".encode()).digest()[:8]) % 100
    if drawn < shares.train:
        return "train"
    return "validation" if drawn < shares.train + shares.validation else "test"


def card(
    *, rows: Mapping[str, int], hashes: Mapping[str, str], shares: Shares, seed: int, selected: str
) -> str:
    """README.md of a data-set folder; its head tells `datasets.load_dataset` what lies where.

    An empty split is not named there: `datasets` refuses a file without rows.
    """
    files = "".join(f"  - split: {name}\n    path: {name}.jsonl\n" for name in SPLITS if rows[name])
    table = "\n".join(f"| {name} | {rows[name]} | `{hashes[name]}` |" for name in SPLITS)
    return f"""---
configs:
- config_name: default
  data_files:
{files or "  []" + chr(10)}dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype: string
  - name: confidence
    dtype: float64
  - name: source
    dtype: string
  - name: corrected
    dtype: bool
---

# Training rows of nlu-logger

| split | rows | SHA-256 of the file |
|---|---|---|
{table}

Made by `nlu-logger` from logged predictions: {selected}. `label` is the standing correction where
`corrected` is true, else what was predicted with high confidence; a structured answer is written
as its JSON text.

Splits {"/".join(map(str, shares))} by SHA-256 of the seed ({seed}) and the text without case and
spacing: texts that differ in those alone share a split, and a text keeps its split in later
exports.

The texts were written by the users of the logging service. No licence to pass them on comes with
this folder; whoever does needs their own grounds.
"""
