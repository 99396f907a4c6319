"""What became of every change as rows; what was recorded before is read once more, in new words."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

STATEMENTS = (
    """
    CREATE TABLE run_changes (
        run_id UUID NOT NULL REFERENCES runs,
        n INTEGER NOT NULL,
        iteration INTEGER NOT NULL,
        change JSONB,
        aims JSONB NOT NULL DEFAULT '[]',
        version_id UUID REFERENCES prompt_versions,
        parent_id UUID REFERENCES prompt_versions,
        outcome TEXT NOT NULL CHECK (outcome IN ('open', 'kept', 'rejected', 'outdone')),
        stage TEXT CHECK (stage IN ('propose', 'screen', 'gate', 'validation')),
        reason TEXT,
        validation_f1 DOUBLE PRECISION,
        fixed UUID[] NOT NULL DEFAULT '{}',
        broke UUID[] NOT NULL DEFAULT '{}',
        at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (run_id, n)
    )
    """,
    "CREATE INDEX run_changes_of_a_version ON run_changes (version_id)",
    # A run works on one change at a time, so that the next event tells of no other.
    "CREATE UNIQUE INDEX one_open_change_per_run ON run_changes (run_id) WHERE outcome = 'open'",
    """
    ALTER TABLE prompt_scores
        ADD COLUMN pooled JSONB NOT NULL DEFAULT '{}',
        ADD COLUMN support JSONB NOT NULL DEFAULT '{}',
        ADD COLUMN per_conversation JSONB,
        ADD COLUMN unanswered INTEGER NOT NULL DEFAULT 0
    """,
    "DROP INDEX run_events_of_a_version",
    "GRANT SELECT, INSERT, UPDATE ON run_changes TO induction_app",
)
UPDATE_RUN = sa.text(
    """
    UPDATE runs SET verdict = CAST(:verdict AS jsonb), misses = CAST(:misses AS jsonb),
        cross_validation = CAST(:cross_validation AS jsonb)
    WHERE id = :id
    """
)
UPDATE_EVENT = sa.text(
    "UPDATE run_events SET body = CAST(:body AS jsonb) WHERE run_id = :id AND n = :n"
)
UPDATE_SCORE = sa.text(
    """
    UPDATE prompt_scores SET pooled = CAST(:pooled AS jsonb), support = CAST(:support AS jsonb),
        per_conversation = CAST(:per_conversation AS jsonb), unanswered = :unanswered
    WHERE version_id = :version_id AND run_id = :run_id AND split = :split
    """
)
INSERT_CHANGE = sa.text(
    """
    INSERT INTO run_changes (run_id, n, iteration, change, aims, version_id, parent_id, outcome,
        stage, reason, validation_f1, fixed, broke, at)
    VALUES (:run_id, :n, :iteration, CAST(:change AS jsonb), CAST(:aims AS jsonb), :version_id,
        :parent_id, :outcome, :stage, :reason, :validation_f1, CAST(:fixed AS uuid[]),
        CAST(:broke AS uuid[]), :at)
    """
)
RENAMED = {
    "run_started": {"parts": "splits", "says": "notes"},
    "prompt_evaluated": {"part": "split", "carried": "support", "whole": "per_conversation"},
}
VERDICT = {"says": "summary", "label_more": "labels_needed"}


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    connection = op.get_bind()
    for row in connection.execute(
        sa.text("SELECT id, verdict, cross_validation, misses FROM runs")
    ).fetchall():
        values = {
            "verdict": _verdict(row.verdict),
            "cross_validation": _verdict(row.cross_validation),
            "misses": _misses(row.misses),
        }
        connection.execute(
            UPDATE_RUN,
            {"id": row.id, **{name: _json(value) for name, value in values.items()}},
        )
    for run in connection.execute(sa.text("SELECT id, task FROM runs")).fetchall():
        _project(connection, run.id, run.task)


def _project(connection: sa.Connection, run_id: Any, task: str) -> None:
    events = connection.execute(
        sa.text("SELECT n, body, created_at FROM run_events WHERE run_id = :id ORDER BY n"),
        {"id": run_id},
    ).fetchall()
    versions = {
        row.version_hash: row.id
        for row in connection.execute(
            sa.text("SELECT id, version_hash FROM prompt_versions WHERE task = :task"),
            {"task": task},
        )
    }
    changes: list[dict[str, Any]] = []
    for event in events:
        body = _renamed(event.body)
        if body != event.body:
            connection.execute(
                UPDATE_EVENT,
                {"id": run_id, "n": event.n, "body": _json(body)},
            )
        if body["type"] == "prompt_evaluated":
            _score(connection, run_id, versions, body)
        _change(changes, body, versions, event.created_at)
    for n, change in enumerate(changes, start=1):
        connection.execute(
            INSERT_CHANGE,
            {"run_id": run_id, "n": n, **change},
        )


def _change(
    changes: list[dict[str, Any]], body: dict[str, Any], versions: dict[str, Any], at: Any
) -> None:
    last = changes[-1] if changes and changes[-1]["outcome"] == "open" else None
    match body["type"]:
        case "prompt_proposed":
            if last is not None:  # a run that ended in between said nothing more of it
                last["outcome"] = "rejected"
            changes.append(
                _row(
                    body["iteration"],
                    at,
                    change=_json(body["change"]),
                    aims=_json(body["aims"]),
                    version_id=versions.get(body["version_hash"]),
                    parent_id=versions.get(body["parent_hash"]),
                )
            )
        case "prompt_evaluated" if last is not None and body["split"] == "validation":
            last["validation_f1"] = body["objective"]
        case "change_kept" if last is not None:
            last |= {"outcome": "kept", "fixed": body["fixed"], "broke": body["broke"]}
        case "change_rejected":
            if last is None:
                last = _row(body["iteration"], at)
                changes.append(last)
            failed = last["version_id"] is None or body["version_hash"] is not None
            last |= {
                "outcome": "rejected" if failed else "outdone",
                "stage": body["stage"],
                "reason": body["reason"],
                "fixed": body["fixed"],
                "broke": body["broke"],
            }


def _row(iteration: int, at: Any, **values: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("change", "version_id", "parent_id", "stage", "reason", "validation_f1"))
    start = {"iteration": iteration, "at": at, "aims": "[]", "fixed": [], "broke": []}
    return {**empty, **start, "outcome": "open", **values}


def _score(
    connection: sa.Connection, run_id: Any, versions: dict[str, Any], body: dict[str, Any]
) -> None:
    connection.execute(
        UPDATE_SCORE,
        {
            "version_id": versions.get(body["version_hash"]),
            "run_id": run_id,
            "split": body["split"],
            "unanswered": body.get("unanswered", 0),
            "pooled": _json(body.get("pooled", {})),
            "support": _json(body.get("support", {})),
            "per_conversation": _json(body.get("per_conversation")),
        },
    )


def _renamed(body: dict[str, Any]) -> dict[str, Any]:
    body = _with_names(body, RENAMED.get(body["type"], {}))
    if body["type"] == "procedure_judged":
        body["type"] = "cross_validated"
    if body.get("per_conversation"):
        body["per_conversation"] = _with_names(
            body["per_conversation"], {"discussions": "conversations"}
        )
    if "verdict" in body:
        body["verdict"] = _verdict(body["verdict"])
    if "misses" in body:
        body["misses"] = _misses(body["misses"])
    return body


def _verdict(verdict: dict[str, Any] | None) -> dict[str, Any] | None:
    if verdict is None:
        return None
    renamed = _with_names(verdict, VERDICT)
    if renamed["tested_on"] == "left out":
        renamed["tested_on"] = "cross-validation"
    return renamed


def _misses(misses: dict[str, Any] | None) -> dict[str, Any] | None:
    if misses is None:
        return None
    renamed = _with_names(misses, {"says": "summary"})
    for by_cause in ("counts", "case_ids"):
        renamed[by_cause] = _with_names(renamed[by_cause], {"ruler": "scorer"})
    renamed["labels"] = [_with_names(one, {"said": "predicted"}) for one in renamed["labels"]]
    return renamed


def _with_names(body: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in body.items()}


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
