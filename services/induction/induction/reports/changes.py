"""What a change of a run was and what became of it, as people say it. Pure."""

from collections.abc import Iterator, Sequence

from nlu_shared.schemas.reports import ReportedChange

from induction.sentences import OUTCOMES, outcome_in_words

STRATEGIES = {"A": "examples", "B": "instructions", "C": "both"}
VALIDATION = "rejected_at_validation"


def endings(
    changes: Sequence[ReportedChange], baseline: float | None
) -> Iterator[tuple[ReportedChange, str]]:
    """Each change with what became of it; `baseline` is its F1 on validation, if measured."""
    best = baseline
    for one in changes:
        yield one, _ending(one, best)
        if one.outcome == "kept" and one.validation_f1 is not None:
            best = one.validation_f1


def _ending(one: ReportedChange, best: float | None) -> str:
    if one.outcome != VALIDATION:
        words = outcome_in_words(one.outcome)
        return f"it was {words}" if one.outcome in OUTCOMES else words
    if one.validation_f1 is None or best is None:
        return "it was not kept after validation"
    if one.validation_f1 > best:
        return "another gained more on validation"
    return f"it is not above the {best:.3f} of the best before it"


def change_in_words(one: ReportedChange, ending: str) -> str:
    what = "" if one.what is None else f" ({one.what})"
    score = "" if one.validation_f1 is None else f", with F1 {one.validation_f1:.3f} on validation"
    later = ", and another became the best after it" if one.outcome == "kept" else ""
    return f"It was change {one.n}{what}{score}: {ending}{later}."


def strategy_of(one: ReportedChange) -> str:
    """What it works on."""
    return "-" if one.strategy is None else STRATEGIES.get(one.strategy, one.strategy)
