"""Ground truth as it travels: approved cases, one per line, and the hash of the whole."""

import hashlib
from collections.abc import Iterable
from uuid import UUID

from pydantic import JsonValue

from nlu_shared.schemas.base import Label, SafeJson, Schema, Slug, Utterance, digest


class GroundTruthIn(Schema):
    """A case that never was a prediction."""

    task: Slug
    text: Utterance
    truth: SafeJson
    group: Label | None = None
    may_quote: bool = True


class GroundTruthMade(Schema):
    id: UUID


class GroundTruthCase(Schema):
    """One approved case. `truth` is a label for an intent task, an object for an extraction.

    `group` names what the case must not be separated from in a split (one conversation).
    """

    id: UUID
    task: str
    text: str
    truth: JsonValue
    group: str | None = None
    may_quote: bool
    hash: str


class StreamEnd(Schema):
    """The last line of the stream; without it the stream was cut."""

    count: int
    sha256: str


def case_hash(*, task: str, text: str, truth: JsonValue, group: str | None, may_quote: bool) -> str:
    """Hex SHA-256 of what a case says; two cases that say the same hash the same."""
    return digest(
        {"task": task, "text": text, "truth": truth, "group": group, "may_quote": may_quote}
    )


def dataset_hash(case_hashes: Iterable[str]) -> str:
    """Hex SHA-256 over per-case hashes, given in id order, one per line."""
    running = hashlib.sha256()
    for one in case_hashes:
        running.update(one.encode() + b"\n")
    return running.hexdigest()
