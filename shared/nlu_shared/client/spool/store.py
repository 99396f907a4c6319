"""What is done to the table of one file. Who calls holds the transaction; nothing here commits."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from nlu_shared.client.spool.policy import FactKind, FactState, FactVerdict
from nlu_shared.client.spool.table import COLUMNS, DeadLetter, Fact, Row
from nlu_shared.ids import uuid7
from nlu_shared.schemas.predictions import PredictionIn

BATCH_ROWS, BATCH_CHARACTERS = 1_000, 1_000_000
KEPT_SENT = timedelta(days=1)
"""How long what was sent can still be sent again."""
KEPT_SENT_ROWS = 20_000
KEPT_NAMES = timedelta(days=90)
"""How long the new id of a prediction is known to its outcomes."""

OnFull = Literal["block", "drop_oldest"]


class Full(Exception):
    """The spool holds as much as it may; nothing was changed."""


class Store:
    """One file of at most `most` unsent facts."""

    def __init__(self, connection: sqlite3.Connection, *, most: int, on_full: OnFull) -> None:
        self.connection = connection
        self.dropped = 0
        self._most = most
        self._on_full = on_full
        self._unsent: int | None = None

    def forget(self, dropped: int) -> None:
        """The transaction was rolled back: what was counted in it is not true."""
        self.dropped = dropped
        self._unsent = None

    def append(self, prediction: PredictionIn, now: datetime) -> None:
        """Raises Full. The first of one id stands, as it does at the service."""
        self._make_room()
        log_id = str(prediction.id)
        self._insert(
            FactKind.PREDICTION, log_id, prediction.model_dump_json(), FactState.WAITING, now
        )

    def put_outcome(self, log_id: UUID, body: str, now: datetime) -> None:
        """The newest stands. Held until the service has the prediction. Raises Full."""
        self._make_room()
        ahead = self.connection.execute(
            "SELECT 1 FROM facts WHERE log_id = ? AND kind = 'prediction' AND state <> 'sent'",
            (str(log_id),),
        ).fetchone()
        self.connection.execute(
            "DELETE FROM facts WHERE log_id = ? AND kind = 'outcome'", (str(log_id),)
        )
        state = FactState.HELD if ahead else FactState.WAITING
        self._insert(FactKind.OUTCOME, str(log_id), body, state, now)

    def take(self, now: datetime) -> list[Fact]:
        """The oldest that are due, as many as make one batch."""
        rows = self.connection.execute(
            """
            SELECT f.seq, f.kind, f.log_id, coalesce(p.wire_id, f.wire_id), f.body, f.made
            FROM facts f LEFT JOIN facts p
            ON f.kind = 'outcome' AND p.kind = 'prediction' AND p.log_id = f.log_id
            WHERE f.state = 'waiting' AND f.due <= ? ORDER BY f.seq LIMIT ?
            """,
            (now.timestamp(), BATCH_ROWS),
        )
        taken: list[Fact] = []
        characters = 0
        for seq, kind, log_id, wire_id, body, made in rows:
            characters += len(body)
            if taken and characters > BATCH_CHARACTERS:
                break
            ids = UUID(log_id), UUID(wire_id)
            taken.append(Fact(seq, FactKind(kind), *ids, body, datetime.fromtimestamp(made, UTC)))
        return taken

    def settle(self, verdicts: Sequence[tuple[Fact, FactVerdict]], now: datetime) -> None:
        """Writes down what became of facts; one that was said anew meanwhile is left alone."""
        at = now.timestamp()
        self.connection.executemany(
            "UPDATE facts SET state = ?, code = ?, due = ?, changed = ? WHERE seq = ?",
            [
                (one.state, one.code, one.later.timestamp() if one.later else 0, at, fact.seq)
                for fact, one in verdicts
            ],
        )
        for fact, one in verdicts:
            if one.renamed:
                self._rename(fact)
        self.connection.executemany(
            """
            UPDATE facts SET state = 'waiting'
            WHERE log_id = ? AND kind = 'outcome' AND state = 'held'
            """,
            [
                (str(fact.log_id),)
                for fact, one in verdicts
                if fact.kind is FactKind.PREDICTION and one.state is FactState.SENT
            ],
        )
        self._unsent = None

    def due(self, now: datetime) -> int:
        """How many facts could be sent now."""
        return self._count("state = 'waiting' AND due <= ?", now.timestamp())

    def states(self) -> dict[FactState, int]:
        rows = self.connection.execute("SELECT state, count(*) FROM facts GROUP BY state")
        return {FactState.WAITING: 0, FactState.HELD: 0, FactState.SENT: 0, FactState.DEAD: 0} | {
            FactState(state): count for state, count in rows
        }

    def oldest(self) -> datetime | None:
        """When the longest waiting fact was logged."""
        row = self.connection.execute(
            "SELECT made FROM facts WHERE state = 'waiting' ORDER BY seq LIMIT 1"
        ).fetchone()
        return datetime.fromtimestamp(row[0], UTC) if row else None

    def dead(self, limit: int) -> list[DeadLetter]:
        rows = self.connection.execute(
            """
            SELECT kind, log_id, code, changed, body FROM facts WHERE state = 'dead'
            ORDER BY seq LIMIT ?
            """,
            (limit,),
        )
        return [
            DeadLetter(FactKind(kind), UUID(log_id), code, datetime.fromtimestamp(at, UTC), body)
            for kind, log_id, code, at, body in rows
        ]

    def resend(self, ids: Sequence[UUID] | None) -> int:
        """Dead letters wait again: those of `ids`, or all. Returns how many."""
        return self._of_dead("UPDATE facts SET state = 'waiting', code = NULL", ids)

    def discard(self, ids: Sequence[UUID] | None) -> int:
        """Deletes dead letters, and the outcomes that waited for them. Returns how many."""
        count = self._of_dead("DELETE FROM facts", ids)
        self.connection.execute(
            """
            DELETE FROM facts WHERE state = 'held' AND log_id NOT IN
                (SELECT log_id FROM facts WHERE kind = 'prediction')
            """
        )
        return count

    def sent(self, ids: Sequence[UUID] | None, since: datetime | None) -> dict[UUID, UUID]:
        """What the service said it has, by the id it knows: all of `since`, or those of `ids`."""
        rows = self.connection.execute(
            """
            SELECT wire_id, log_id FROM facts
            WHERE kind = 'prediction' AND state = 'sent' AND changed >= ?
            """,
            (since.timestamp() if since else 0,),
        )
        only = None if ids is None else set(ids)
        known = {UUID(wire): UUID(log) for wire, log in rows}
        return {w: log for w, log in known.items() if only is None or log in only}

    def send_again(self, log_ids: Sequence[UUID]) -> None:
        """Sent predictions wait once more, and so do their outcomes."""
        named = [(str(one),) for one in log_ids]
        self.connection.executemany(
            """
            UPDATE facts SET state = iif(kind = 'outcome', 'held', 'waiting')
            WHERE log_id = ? AND state = 'sent'
            """,
            named,
        )
        self._unsent = None

    def prune(self, now: datetime) -> None:
        """Lets go of what was sent long ago, and of dead letters beyond the cap."""
        at = now.timestamp()
        self.connection.execute(
            "DELETE FROM facts WHERE state = 'sent' AND changed < iif(log_id = wire_id, ?, ?)",
            (at - KEPT_SENT.total_seconds(), at - KEPT_NAMES.total_seconds()),
        )
        self.connection.execute(
            """
            DELETE FROM facts WHERE state = 'sent' AND log_id = wire_id AND seq <=
                (SELECT seq FROM facts WHERE state = 'sent' ORDER BY seq DESC LIMIT 1 OFFSET ?)
            """,
            (KEPT_SENT_ROWS,),
        )
        gone = self.connection.execute(
            """
            DELETE FROM facts WHERE state = 'dead' AND seq <=
                (SELECT seq FROM facts WHERE state = 'dead' ORDER BY seq DESC LIMIT 1 OFFSET ?)
            """,
            (self._most,),
        )
        self.dropped += gone.rowcount

    def take_over(self, rows: Sequence[Row]) -> None:
        """Rows of another file; those already here stand."""
        marks = ", ".join("?" * len(COLUMNS.split(",")))
        self.connection.executemany(
            f"INSERT OR IGNORE INTO facts ({COLUMNS}) VALUES ({marks})",  # noqa: S608
            rows,
        )
        self.connection.execute(
            """
            UPDATE facts SET state = 'waiting' WHERE state = 'held' AND NOT EXISTS
                (SELECT 1 FROM facts p WHERE p.kind = 'prediction' AND p.log_id = facts.log_id
                AND p.state <> 'sent')
            """
        )
        self._unsent = None

    def _insert(
        self, kind: FactKind, log_id: str, body: str, state: FactState, now: datetime
    ) -> None:
        at = now.timestamp()
        self.connection.execute(
            f"INSERT OR IGNORE INTO facts ({COLUMNS}) VALUES (?, ?, ?, ?, ?, NULL, ?, ?, 0)",  # noqa: S608
            (kind, log_id, log_id, body, state, at, at),
        )
        if self._unsent is not None:
            self._unsent += 1

    def _make_room(self) -> None:
        if self._unsent is None:
            self._unsent = self._count("state IN ('waiting', 'held')")
        if self._unsent < self._most:
            return
        if self._on_full == "block":
            raise Full
        oldest = self.connection.execute(
            """
            DELETE FROM facts WHERE seq IN
                (SELECT seq FROM facts WHERE state = 'waiting' ORDER BY seq LIMIT ?)
            RETURNING log_id
            """,
            (self._unsent - self._most + 1,),
        ).fetchall()
        held = self.connection.executemany(
            "DELETE FROM facts WHERE log_id = ? AND state = 'held'", oldest
        )
        gone = len(oldest) + max(held.rowcount, 0)
        self.dropped += gone
        self._unsent -= gone

    def _rename(self, fact: Fact) -> None:
        new = uuid7()
        body = PredictionIn.model_validate_json(fact.body).model_copy(update={"id": new})
        self.connection.execute(
            "UPDATE facts SET wire_id = ?, body = ? WHERE seq = ?",
            (str(new), body.model_dump_json(), fact.seq),
        )

    def _of_dead(self, what: str, ids: Sequence[UUID] | None) -> int:
        self._unsent = None
        if ids is None:
            return self.connection.execute(f"{what} WHERE state = 'dead'").rowcount
        named = [(str(one),) for one in ids]
        many = self.connection.executemany(f"{what} WHERE state = 'dead' AND log_id = ?", named)
        return max(many.rowcount, 0)

    def _count(self, which: str, *values: float) -> int:
        (count,) = self.connection.execute(
            f"SELECT count(*) FROM facts WHERE {which}",  # noqa: S608
            values,
        ).fetchone()
        return int(count)
