"""A data-set folder on disk: training lines parted into splits, and the card beside them."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from nlu_shared.kit.whole_files import whole_file

from nlu_logger.exports.formats import unbroken
from nlu_logger.exports.splits import SPLITS, Shares, card, split_of


def write_dataset(
    lines: Iterable[bytes], folder: Path, shares: Shares, *, seed: int, selected: str
) -> dict[str, int]:
    """Rows by file. Each file is replaced as a whole or not at all, the card last.

    Raises OSError. `lines` are training rows as JSONL; `selected` says for the card which.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = dict.fromkeys(SPLITS, 0)
    hashes = {name: hashlib.sha256() for name in SPLITS}
    with ExitStack() as stack:
        files = {name: stack.enter_context(whole_file(folder / f"{name}.jsonl")) for name in SPLITS}
        for line in lines:
            text, plain = _plain(line)
            split = split_of(text, shares, seed=seed)
            rows[split] += 1
            hashes[split].update(plain)
            files[split].write(plain)
    with whole_file(folder / "README.md") as file:
        digests = {name: one.hexdigest() for name, one in hashes.items()}
        made = card(rows=rows, hashes=digests, shares=shares, seed=seed, selected=selected)
        file.write(made.encode())
    return {f"{name}.jsonl": count for name, count in rows.items()}


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines with their ends, of pieces cut anywhere."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line + b"\n"


def _plain(line: bytes) -> tuple[str, bytes]:
    """The text, and the line with a label that is text."""
    row = json.loads(line)
    if isinstance(row["label"], str):
        return row["text"], line
    row["label"] = json.dumps(row["label"], ensure_ascii=False)
    return row["text"], (unbroken(json.dumps(row, ensure_ascii=False)) + "\n").encode()
