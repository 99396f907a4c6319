"""How a sentence of a run reads. Runs hold their sentences as they were written, and are compared
with them when they are executed again: what is wrong in one for a reader is mended here. Pure."""

import re
from calendar import month_name
from collections import Counter

from nlu_shared.schemas.headroom import Headroom
from nlu_shared.schemas.migration import ComparisonKind, ModelComparison, ModelFigures
from nlu_shared.schemas.prompts import Change, Edit, Op
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.runs import RunStatus
from nlu_shared.schemas.spending import Spend
from nlu_shared.schemas.traffic import TRAFFIC

# Of no name, version, decimal number or address.
_THOUSANDS = re.compile(r"(?<![\w.,/:=?&#@%-])\d{4,}(?![\w/-]|[.,:]\d)")
_MONTHS = tuple(month_name)[1:]
_BLOCK_VERBS = {
    Op.ADD_BLOCK: "added",
    Op.REPLACE_BLOCK: "rewritten",
    Op.APPEND_TO_BLOCK: "extended",
    Op.REMOVE_BLOCK: "removed",
}
_MENDED = {
    "Verdicts of 1 earlier runs rest on these cases too": (
        "The verdict of one earlier run rests on these cases too"
    ),
    " (POST /v1/ground-truth:quoting of nlu-logger)": " in nlu-logger",
    "the prompt that was to be tried was": "the one prompt that was to be tried has been tried",
}
OUTCOMES = {
    "open": "not decided",
    "kept": "kept",
    "rejected": "rejected",
    "rejected_at_propose": "refused before it was tried",
    "rejected_at_screen": "refused before any call",
    "rejected_at_gate": "stopped at its first cases",
    "rejected_at_validation": "not kept after validation",
    "rejected_at_approval": "not approved",
    "outdone": "outdone by another",
}
"""What became of a change, for every page and report."""
_GOING_ON = {
    RunStatus.WAITING: "waits for a worker",
    RunStatus.PAUSED: "is paused",
    RunStatus.PARKED: "is parked",
    RunStatus.AWAITING_APPROVAL: "has a change that waits for a person",
}
SMALLEST = 0.0001
"""Of chances that are told."""
LEAST_BOOKED = 0.00005
"""Dollars: what four digits show."""


def readable(sentences: str) -> str:
    """Thousands are parted, one is no plural, and a sentence is whole."""
    clear = _THOUSANDS.sub(_parted, sentences)
    for written, whole in _MENDED.items():
        clear = clear.replace(written, whole)
    return clear


def _parted(number: re.Match[str]) -> str:
    """A year stays whole."""
    is_year = number.string[: number.start()].rstrip().endswith(_MONTHS)
    return number[0] if is_year else f"{int(number[0]):,}"


def outcome_in_words(outcome: str) -> str:
    """One that is not known by its own name."""
    return OUTCOMES.get(outcome, outcome.replace("_", " "))


def standing(run: RunView) -> str:
    """A run's status, or what it is on its way to."""
    if run.cancelling:
        return "cancelling"
    return "pausing" if run.pausing else run.status


def going_on(status: RunStatus) -> str:
    """What a run that is not over does, after "it"."""
    return _GOING_ON.get(status, "goes on")


def counted(number: int, thing: str) -> str:
    """As many of what has an s where there are several."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def costing(one: ModelFigures) -> str:
    """What a model's answers cost, and how long they take."""
    parts = {
        "{:.4f} dollars for 1,000 cases": one.usd_per_1000,
        "{:.2f} s at the median": one.seconds_median,
        "{:.2f} s at 95 %": one.seconds_p95,
    }
    known = [words.format(value) for words, value in parts.items() if value is not None]
    return f"{one.model}: {', '.join(known) or 'no figures'}, of {counted(one.calls, 'answer')}"


def ways_of(headroom: Headroom) -> list[str]:
    """How the same cases were answered in each way of asking, and by a plain classifier."""
    ways = [f"As it is: F1 {headroom.score:.3f} on {counted(headroom.cases, 'case')}."]
    ways += [
        f"With {one.variant.value}: F1 {one.score:.3f}, {one.gain:+.3f} a case; fixed {one.fixed},"
        f" broke {one.broke}; {one.tokens:,} tokens."
        for one in headroom.variants
    ]
    if not headroom.variants:
        ways.append("It was asked in no other way.")
    plain = headroom.classifier
    if plain is None:
        return ways
    if plain.score is None:
        return [*ways, f"No plain classifier beside it: {plain.missing}."]
    same = "" if plain.same_score is None else f"; {plain.same_score:.3f} on the same cases"
    return [
        *ways,
        f"A plain classifier: F1 {plain.score:.3f} on {counted(plain.cases, 'case')}{same}.",
    ]


def claim_of(one: ModelComparison) -> str:
    """What is claimed of a new model, in words."""
    if one.kind is ComparisonKind.NEEDS_LABELS and one.tested_on == TRAFFIC:
        return "needs more predictions"
    return one.kind.value.replace("_", " ")


def level(alpha: float) -> str:
    """Of an interval, as it stands after "at"."""
    return f"{100 * (1 - alpha):.6g} %"


def described(change: Change) -> str:
    """The edits of a change in a few words."""
    counts = Counter(edit.op for edit in change.edits)
    words = []
    for op, sign in ((Op.ADD_EXAMPLE, "+"), (Op.REMOVE_EXAMPLE, "-")):
        if count := counts[op]:
            words.append(f"{sign}{count} example{'s' if count > 1 else ''}")
    for edit in change.edits:
        if edit.op is Op.SET_RETRIEVAL:
            words.append(f"bank of {_size(edit)} examples" if edit.retrieval else "no bank")
    words += [f"{edit.block} {_BLOCK_VERBS[edit.op]}" for edit in change.edits if edit.block]
    return ", ".join(words)


def _size(edit: Edit) -> int:
    return 0 if edit.retrieval is None else len(edit.retrieval.kept) + len(edit.retrieval.cases)


def chance(p_value: float) -> str:
    """In decimals: a power of ten is no word."""
    return f"p = {p_value:.3g}" if p_value >= SMALLEST else f"p < {SMALLEST}"


def ended(run: RunView) -> str:
    """How a run ended and why, or how it stands."""
    why = f": {readable(run.reason)}" if run.reason else ""
    match run.status:
        case RunStatus.COMPLETED:
            return f"The run ended{why}."
        case RunStatus.CANCELLED:
            return "The run was cancelled."
        case RunStatus.FAILED:
            return f"The run failed{why}."
        case RunStatus.SUPERSEDED:
            return f"The run was given up{why}."
        case status:
            return f"The run is not over, it is {status.value.replace('_', ' ')}{why}."


def besides(spend: Spend) -> str:
    """What is to be told beside a run's dollars: bookings for nothing that came, or the price."""
    if (booked := spend.usd - spend.notional_usd) >= LEAST_BOOKED:
        return f", of them {booked:.4f} booked for attempts without an answer, which may be billed"
    is_free = spend.notional_usd - spend.usd >= LEAST_BOOKED
    return f" (list price {spend.notional_usd:.4f} dollars)" if is_free else ""
