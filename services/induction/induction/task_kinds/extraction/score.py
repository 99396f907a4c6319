"""What a matching scores, as counts of (TP, FP, FN) that add up over cases, and the F1 of those.

Micro-F1 over people, events and pair bonds is the objective. The codes (SARF variables) are scored
over matched events, by macro-F1 of their values ("none" is one), and apart from them by whether
it was detected that anything is coded of a person. Nothing on either side scores 1 by convention,
so scores of single statements flatter: look at the pooled counts, and at `support`.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from nlu_shared.measure import f1
from nlu_shared.schemas.extraction import (
    VARIABLES,
    Direction,
    Event,
    EventKind,
    Extraction,
    PairBond,
    Person,
    Relationship,
)

from induction.task_kinds.extraction.match import Matching, match
from induction.task_kinds.extraction.sides import Side

NONE = "none"
VALUES: Mapping[str, tuple[str, ...]] = {
    variable: (NONE, *(Relationship if variable == "relationship" else Direction))
    for variable in VARIABLES
}
COMPONENTS = (
    "people",
    "events",
    "pair_bonds",
    "structural",
    "shift",
    "child_of",
    "exact",
    *(f"detected:{variable}" for variable in VARIABLES),
    *(f"{variable}:{value}" for variable, values in VALUES.items() for value in values),
)
"""The rows of all counts. `exact` counts an exact case as TP, any other as FN."""
ROW = {name: position for position, name in enumerate(COMPONENTS)}
DETECTED = [ROW[f"detected:{variable}"] for variable in VARIABLES]
BY_VALUE = {
    variable: [ROW[f"{variable}:{value}"] for value in values]
    for variable, values in VALUES.items()
}
ENTITIES = [ROW["people"], ROW["events"], ROW["pair_bonds"]]
UNLINKED = {"id", "confidence"}
PERSON_TOLD = sorted(set(Person.model_fields) - UNLINKED - {"parents"})
BOND_TOLD = sorted(set(PairBond.model_fields) - UNLINKED - {"person_a", "person_b"})
EVENT_LINKS = {"person", "spouse", "child", "relationshipTargets", "relationshipTriangles"}
EVENT_TOLD = sorted(set(Event.model_fields) - UNLINKED - EVENT_LINKS)


def counts(truths: Sequence[Extraction], predictions: Sequence[Extraction]) -> f1.Counts:
    """Counts of every case, shape (cases, components, 3), components as in COMPONENTS."""
    table = np.zeros((len(truths), len(COMPONENTS), 3), dtype=np.int64)
    for case, (truth, predicted) in enumerate(zip(truths, predictions, strict=True)):
        for row, column, many in _tally(match(Side(truth), Side(predicted))):
            table[case, row, column] += many
    return table


def objective(total: f1.Counts | f1.Floats) -> f1.Floats:
    """Micro-F1 over people, events and pair bonds, shape (..., components, 3) to (...)."""
    return _or_one(total[..., ENTITIES, :].sum(axis=-2))


def scores(total: f1.Counts | f1.Floats) -> dict[str, f1.Floats]:
    """Every score of summed counts, each of shape (...), 0 to 1.

    Micro-F1 per type of entity, for structural and shift events, child-of and detection (over all
    and per variable); macro-F1 per variable over the values that either side uses (as scikit-learn
    averages), 0 where events are there but none matched; `exact` is the rate of exact cases.
    """
    by_name = {"aggregate": objective(total)}
    for name in ("people", "events", "pair_bonds", "structural", "shift", "child_of"):
        by_name[name] = _or_one(total[..., ROW[name], :])
    for variable in VARIABLES:
        by_name[variable] = _macro(total[..., BY_VALUE[variable], :], total[..., ROW["events"], :])
        by_name[f"detected:{variable}"] = _or_one(total[..., ROW[f"detected:{variable}"], :])
    by_name["detected"] = _or_one(total[..., DETECTED, :].sum(axis=-2))
    exact = total[..., ROW["exact"], :]
    by_name["exact"] = f1.ratio(exact[..., f1.TP], exact[..., f1.TP] + exact[..., f1.FN])
    return by_name


def pooled(total: f1.Counts) -> dict[str, tuple[int, int, int]]:
    """(TP, FP, FN) by component, of counts summed over cases; what counts nothing is left out."""
    return {
        name: (int(total[row, f1.TP]), int(total[row, f1.FP]), int(total[row, f1.FN]))
        for name, row in ROW.items()
        if total[row].any()
    }


def support(by_case: f1.Counts) -> dict[str, int]:
    """In how many cases ground truth carries each component at all, from `counts`.

    The rows of values count matched events only; how often a variable is coded is `detected:…`.
    """
    carrying = (by_case[..., f1.TP] + by_case[..., f1.FN] > 0).sum(axis=0)
    return {name: int(carrying[row]) for name, row in ROW.items() if name != "exact"}


def is_exact(matching: Matching) -> bool:
    """Equal in everything but ids and confidence, once the ids of both are numbered alike."""
    truth, predicted = matching.truth, matching.predicted
    whole = (
        len(truth.people) == len(predicted.people) == len(matching.people)
        and len(truth.pair_bonds) == len(predicted.pair_bonds) == len(matching.pair_bonds)
        and len(truth.events) == len(predicted.events) == len(matching.events)
        and truth.deleted == predicted.deleted
    )
    ours, theirs = truth.as_truth, matching.view
    return (
        whole
        and all(
            _alike(truth.people[row], predicted.people[column], PERSON_TOLD)
            and ours.parents_of(row) == theirs.parents_of(column)
            for row, column in matching.people
        )
        and all(
            _alike(truth.pair_bonds[row], predicted.pair_bonds[column], BOND_TOLD)
            for row, column in matching.pair_bonds
        )
        and all(
            _alike(truth.events[row], predicted.events[column], EVENT_TOLD)
            and ours.links[row] == theirs.links[column]
            for row, column in matching.events
        )
    )


def _alike(one: object, other: object, fields: Iterable[str]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in fields)


Tally = list[tuple[int, int, int]]


def _tally(matching: Matching) -> Tally:
    """(component, one of TP, FP and FN, how many) of a matching; what is 0 may be left out."""
    truth, predicted = matching.truth, matching.predicted
    tally: Tally = []

    def add(name: str, hits: int, claimed: int, support: int) -> None:
        row = ROW[name]
        tally.extend(
            ((row, f1.TP, hits), (row, f1.FP, claimed - hits), (row, f1.FN, support - hits))
        )

    add("people", len(matching.people), len(predicted.people), len(truth.people))
    add("pair_bonds", len(matching.pair_bonds), len(predicted.pair_bonds), len(truth.pair_bonds))
    add("events", len(matching.events), len(predicted.events), len(truth.events))
    shifts = [
        sum(one.kind is EventKind.SHIFT for one in side.events) for side in (predicted, truth)
    ]
    hits = sum(truth.events[row].kind is EventKind.SHIFT for row, _ in matching.events)
    add("shift", hits, *shifts)
    add(
        "structural",
        len(matching.events) - hits,
        len(predicted.events) - shifts[0],
        len(truth.events) - shifts[1],
    )
    edges, claimed = set(truth.as_truth.edges), set(matching.view.edges)
    add("child_of", len(edges & claimed), len(claimed), len(edges))
    for variable in VARIABLES:
        people, coded = truth.as_truth.coded(variable), matching.view.coded(variable)
        add(f"detected:{variable}", len(people & coded), len(coded), len(people))
    tally.append((ROW["exact"], f1.TP if is_exact(matching) else f1.FN, 1))
    for row, column in matching.events:
        tally += _values(truth.events[row], predicted.events[column])
    return tally


def _values(truth: Event, predicted: Event) -> Tally:
    tally: Tally = []
    for variable in VARIABLES:
        one, other = getattr(truth, variable) or NONE, getattr(predicted, variable) or NONE
        if one == other:
            tally.append((ROW[f"{variable}:{one}"], f1.TP, 1))
        else:
            tally.append((ROW[f"{variable}:{one}"], f1.FN, 1))
            tally.append((ROW[f"{variable}:{other}"], f1.FP, 1))
    return tally


def _or_one(total: f1.Counts | f1.Floats) -> f1.Floats:
    """F1 of (..., 3); 1 where there is nothing on either side."""
    return np.where(total.sum(axis=-1) > 0, f1.f1(total), 1.0)


def _macro(values: f1.Counts | f1.Floats, events: f1.Counts | f1.Floats) -> f1.Floats:
    used = values.sum(axis=-1) > 0
    mean = f1.ratio(f1.f1(values).sum(axis=-1), used.sum(axis=-1))
    return np.where(events.sum(axis=-1) > 0, mean, 1.0)
