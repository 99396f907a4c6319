"""Many who ask, one connection that reads: questions that wait together are answered together.

For what hundreds ask at the same moments, such as the followers of a run: a session each would
take a pool in which other routes stand in line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nlu_shared.kit.data.db import CONNECT_SECONDS, Database, Identity
from nlu_shared.kit.data.group_commit import Connection, GroupCommit


@dataclass(frozen=True, slots=True)
class Question:
    """A query that only reads, with its arguments; equal ones of a moment are one query."""

    query: str
    arguments: tuple[Any, ...]


Reader = GroupCommit[Question, Sequence[Any]]
"""`submit(question)` answers its records. Raises Unavailable where the database is away."""


def shared_reader(database: Database, identity: Identity) -> Reader:
    """Opens its one connection with the first question."""
    return GroupCommit(database, identity, _answers, own_transactions=True, seconds=CONNECT_SECONDS)


async def _answers(
    connection: Connection, questions: Sequence[Question]
) -> Sequence[Sequence[Any]]:
    answers: dict[Question, Sequence[Any]] = {}
    for question in questions:
        if question not in answers:
            answers[question] = await connection.fetch(question.query, *question.arguments)
    return [answers[question] for question in questions]
