"""Which cases teach, which choose and which judge.

Groups are split, never cases (see `groups`). A split once given is never taken back, and the test
split takes only groups of which no run has seen a case.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from uuid import UUID

from nlu_shared.schemas.events import Split

from induction.engine.data.chance import shuffled
from induction.engine.data.groups import groups_of
from induction.task_kinds.base import Case, Task

TEST_FROM = 100
"""Cases from which an untouched test split is set aside."""
VALIDATION_FROM = 20
"""Groups from which a validation split is set aside."""
THREE_SPLITS = {Split.TRAIN: 0.6, Split.VALIDATION: 0.2, Split.TEST: 0.2}
TWO_SPLITS = {Split.TRAIN: 0.8, Split.VALIDATION: 0.2}
ONE_SPLIT = {Split.TRAIN: 1.0}

Group = tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Splits:
    """The cases of each split, in id order.

    train: they teach; where none were set apart, those that choose.
    validation: they choose; where none were set apart, those that teach.
    test: they judge; no proposal ever sees them.
    groups: how many groups all cases fall into.
    test_groups: and how many those of the test split.
    validation_is_train: whether the same cases teach and choose.
    notes: what a run on these splits cannot prove.
    """

    train: tuple[Case, ...]
    validation: tuple[Case, ...]
    test: tuple[Case, ...]
    groups: int
    test_groups: int
    validation_is_train: bool
    notes: tuple[str, ...]

    @property
    def learning(self) -> tuple[Case, ...]:
        """All cases but those of the test split, in id order."""
        cases = {case.id: case for case in (*self.train, *self.validation)}
        return tuple(cases[id] for id in sorted(cases))

    @property
    def sizes(self) -> dict[str, int]:
        """Cases per split; no validation where the training cases choose."""
        validation = 0 if self.validation_is_train else len(self.validation)
        sizes = {Split.TRAIN: len(self.train), Split.VALIDATION: validation}
        return {str(split): size for split, size in (sizes | {Split.TEST: len(self.test)}).items()}


def splits_of(cases: Sequence[Case], splits: Mapping[UUID, Split]) -> Splits:
    """The three splits; where no case was set aside to choose by, the training cases choose."""
    members: dict[Split, list[Case]] = defaultdict(list)
    for case in sorted(cases, key=lambda case: case.id):
        members[splits[case.id]].append(case)
    train = tuple(members[Split.TRAIN])
    validation = tuple(members[Split.VALIDATION])
    test = tuple(members[Split.TEST])
    notes = []
    if not validation:
        notes.append("too few cases to set any aside: prompts are chosen on the training cases")
    if not test:
        notes.append("no untouched test cases: nothing can be proven")
    return Splits(
        train=train or validation,
        validation=validation or train,
        test=test,
        groups=len(groups_of(cases)),
        test_groups=len(groups_of(test)),
        validation_is_train=not (train and validation),
        notes=tuple(notes),
    )


def labels_until(tested: float, *, size: float, groups: int, already: int) -> int:
    """New labels until the test split holds so many groups, at least one.

    The test split holds a fifth of all groups, and while it fills up every other new one, if
    validation lacks as many; there is none before there are enough cases and groups to set any
    aside.

    tested: groups wanted there.
    size: cases of a group.
    groups: there are in all.
    already: groups of the test split.
    """
    share = THREE_SPLITS[Split.TEST]
    least = max(tested / share, VALIDATION_FROM, TEST_FROM / size) - groups
    return max(1, ceil(size * max(least, 2 * (tested - already))))


def splits_for(
    task: Task, cases: Sequence[Case], known: Mapping[UUID, Split], seed: int
) -> dict[UUID, Split]:
    """As `assign`, in the strata of the task.

    task: names the stratum of a truth.
    cases: all of them.
    known: splits given before, by case id.
    seed: of the run.
    """
    return assign(cases, {case.id: task.stratum(case.truth) for case in cases}, known, seed)


def assign(
    cases: Sequence[Case],
    strata: Mapping[UUID, str],
    known: Mapping[UUID, Split],
    seed: int,
) -> dict[UUID, Split]:
    """The split of every case, by case id: 60/20/20 from 100 cases, 80/20 from 20 groups.

    New members of a known group join its split; where a group is known in several, the one that
    has shown the most: a text like a training case is no longer fit to judge by.

    cases: all of them.
    strata: what the splits keep in proportion, by case id.
    known: splits given before, by case id; cases that are no more may be among them.
    seed: of the run.
    """
    groups = groups_of(cases)
    shares = _shares(len(cases), len(groups))
    counts: Counter[Split] = Counter()
    splits: dict[UUID, Split] = {}
    for group in _stratum_by_stratum(groups, strata, known, seed):
        split = _inherited(group, known) or _neediest(counts, shares, len(group))
        for case in group:
            splits[case.id] = known.get(case.id, split)
            counts[splits[case.id]] += 1
    return splits


def _shares(cases: int, groups: int) -> dict[Split, float]:
    if groups < VALIDATION_FROM:
        return ONE_SPLIT
    return THREE_SPLITS if cases >= TEST_FROM else TWO_SPLITS


def _stratum_by_stratum(
    groups: Sequence[Group], strata: Mapping[UUID, str], known: Mapping[UUID, Split], seed: int
) -> list[Group]:
    """Walking through the strata in turn gives every split its share of each of them, and of
    strata of one case too. Known groups go first, so that new ones make up for what they lack."""
    drawn = shuffled(groups, name=lambda group: group[0].id, seed=seed, purpose="split")
    return sorted(drawn, key=lambda group: (strata[group[0].id], _inherited(group, known) is None))


def _inherited(group: Group, known: Mapping[UUID, Split]) -> Split | None:
    splits = {known[case.id] for case in group if case.id in known}
    return next((split for split in Split if split in splits), None)


def _neediest(counts: Counter[Split], shares: Mapping[Split, float], size: int) -> Split:
    """The split furthest below its share of the cases so far."""
    seen = counts.total() + size
    return max(shares, key=lambda split: round(shares[split] * seen - counts[split], 9))
