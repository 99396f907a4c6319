"""What the extraction scorer costs beside a straightforward one.

1,000 pairs of a shipped statement's coding and a spoiled copy of it. The other side takes for each
item the first best that is left (`tests/…/greedy.py`) and asks scikit-learn for each statement's
macro-F1 of every variable. Both are told the same extractions in the same process, in turn.
"""

import random
import time
from collections.abc import Callable

from induction.task_kinds.extraction import score
from nlu_shared.schemas.extraction import Extraction
from sklearn.metrics import f1_score

from benchmarks.rates import ratio_line
from deploy.demo.discussions import read_discussions
from deploy.demo.options import FAMILIES
from tests.induction.task_kinds.extraction import greedy

PAIRS, ROUNDS = 1_000, 5
Scorer = Callable[[list[Extraction], list[Extraction]], None]
LOST = 0.15
"""Of the items of a coding."""


def run() -> None:
    drawn = random.Random(7)  # noqa: S311
    rows = read_discussions(FAMILIES).rows
    truths = [Extraction.model_validate(rows[n % len(rows)].truth) for n in range(PAIRS)]
    spoiled = [_spoiled(truth, drawn) for truth in truths]
    pairs = [(_rate(_ours, truths, spoiled), _rate(_plain, truths, spoiled)) for _ in range(ROUNDS)]
    print(ratio_line("the scorer", pairs, unit="pairs/s", against="greedy with scikit-learn"))


def _spoiled(truth: Extraction, drawn: random.Random) -> Extraction:
    """Some items gone, names with a kin word, the order another."""
    people = [
        one.model_copy(update={"name": f"Aunt {one.name}"})
        for one in truth.people
        if drawn.random() > LOST
    ]
    events = [one for one in truth.events if drawn.random() > LOST]
    drawn.shuffle(people)
    drawn.shuffle(events)
    return truth.model_copy(update={"people": tuple(people), "events": tuple(events)})


def _ours(truths: list[Extraction], predicted: list[Extraction]) -> None:
    score.scores(score.counts(truths, predicted).sum(axis=0))


def _plain(truths: list[Extraction], predicted: list[Extraction]) -> None:
    for truth, answers in zip(truths, predicted, strict=True):
        people = greedy.people(truth, answers)
        ids = {None: None, **{other.id: one.id for one, other in people}}
        greedy.pair_bonds(truth, answers, ids)
        events = greedy.events(truth, answers, ids)
        for variable in ("symptom", "anxiety", "relationship", "functioning"):
            if events:
                f1_score(
                    [str(getattr(one, variable)) for one, _ in events],
                    [str(getattr(other, variable)) for _, other in events],
                    average="macro",
                    zero_division=0.0,
                )


def _rate(scorer: Scorer, truths: list[Extraction], predicted: list[Extraction]) -> float:
    began = time.perf_counter()
    scorer(truths, predicted)
    return len(truths) / (time.perf_counter() - began)


if __name__ == "__main__":
    run()
