"""A run's iterations as its page shows them, told from its events."""

from typing import Any

from induction.runs.history import iterations


def proposed(name: str) -> dict[str, Any]:
    change = {"strategy": "A", "rationale": f"why {name}"}
    return {"type": "prompt_proposed", "version_hash": name, "change": change}


def rejected(stage: str) -> dict[str, Any]:
    return {"type": "change_rejected", "stage": stage, "reason": stage, "fixed": [], "broke": []}


def outcomes(*bodies: dict[str, Any]) -> list[tuple[str | None, str]]:
    return [(one.rationale, one.outcome) for one in iterations(bodies, {})]


def test_what_was_refused_before_it_was_told_is_an_entry_of_its_own() -> None:
    """It says nothing about the change before it."""
    kept = {"type": "change_kept", "version_hash": "one", "fixed": [], "broke": []}
    told = outcomes(proposed("one"), kept, rejected("screen"), rejected("propose"))
    assert told == [
        ("why one", "kept"),
        (None, "rejected_at_screen"),
        (None, "rejected_at_propose"),
    ]


def test_of_changes_side_by_side_each_has_its_own_end() -> None:
    told = outcomes(
        rejected("screen"), proposed("one"), rejected("gate"), proposed("two"), rejected("gate")
    )
    assert told == [
        (None, "rejected_at_screen"),
        ("why one", "rejected_at_gate"),
        ("why two", "rejected_at_gate"),
    ]
