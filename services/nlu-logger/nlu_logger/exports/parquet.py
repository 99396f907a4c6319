"""Rows as Parquet, one row group per block. The only file that imports pyarrow; loaded when asked.

Text and structured values are strings (a structure as its JSON), so a file has one schema
whatever it holds.
"""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from nlu_logger.exports.formats import Row

KINDS = {"confidence": pa.float64(), "corrected": pa.bool_()}
ROWS_IN_A_GROUP = 20_000


class ParquetWriter:
    """Holds one row group at most: what is written is handed on and forgotten."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._schema = pa.schema([(name, KINDS.get(name, pa.string())) for name in columns])
        self._sink = _Drained()
        self._writer = pq.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._waiting: list[Row] = []

    def add(self, rows: Sequence[Row]) -> bytes:
        self._waiting += rows
        if len(self._waiting) >= ROWS_IN_A_GROUP:
            self._write()
        return self._sink.drain()

    def close(self) -> bytes:
        if self._waiting:
            self._write()
        self._writer.close()
        return self._sink.drain()

    def _write(self) -> None:
        columns = zip(*self._waiting, strict=True)
        arrays = [
            pa.array(map(_plain, column) if kind == pa.string() else column, type=kind)
            for column, kind in zip(columns, self._schema.types, strict=True)
        ]
        self._writer.write_table(pa.table(arrays, schema=self._schema))
        self._waiting = []


class _Drained:
    """A file that only grows and keeps nothing that was taken from it."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: Any) -> int:
        taken = bytes(piece)
        self._pieces.append(taken)
        return len(taken)

    def drain(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken

    def flush(self) -> None: ...

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


def _plain(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
