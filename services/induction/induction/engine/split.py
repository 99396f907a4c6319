"""Which cases teach, which choose and which judge.

Groups are split, never cases (see `groups`). A part once given is never taken back, and the test
part takes only groups of which no run has seen a case.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.schemas.events import PartName

from induction.engine.chance import shuffled
from induction.engine.groups import groups_of
from induction.tasks.base import Case, Task

TEST_FROM = 100
"""Cases from which an untouched test part is set aside."""
VALIDATION_FROM = 20
"""Groups from which a validation part is set aside."""
THREE_PARTS = {PartName.TRAIN: 0.6, PartName.VALIDATION: 0.2, PartName.TEST: 0.2}
TWO_PARTS = {PartName.TRAIN: 0.8, PartName.VALIDATION: 0.2}
ONE_PART = {PartName.TRAIN: 1.0}

Group = tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """The cases of each part, in id order. `says` is what a run on them cannot prove."""

    train: tuple[Case, ...]
    validation: tuple[Case, ...]
    test: tuple[Case, ...]
    groups: int
    validation_is_train: bool
    says: tuple[str, ...]

    @property
    def sizes(self) -> dict[str, int]:
        """Cases per part; no validation where the training cases choose."""
        validation = 0 if self.validation_is_train else len(self.validation)
        sizes = {PartName.TRAIN: len(self.train), PartName.VALIDATION: validation}
        return {str(part): size for part, size in (sizes | {PartName.TEST: len(self.test)}).items()}


def parts_of(cases: Sequence[Case], parts: Mapping[UUID, PartName]) -> Parts:
    """The three parts; where no case was set aside to choose by, the training cases choose."""
    members: dict[PartName, list[Case]] = defaultdict(list)
    for case in sorted(cases, key=lambda case: case.id):
        members[parts[case.id]].append(case)
    train = tuple(members[PartName.TRAIN])
    validation = tuple(members[PartName.VALIDATION])
    test = tuple(members[PartName.TEST])
    says = []
    if not validation:
        says.append("too few cases to set any aside: prompts are chosen on the training cases")
    if not test:
        says.append("no untouched test cases: nothing can be proven")
    return Parts(
        train=train or validation,
        validation=validation or train,
        test=test,
        groups=len(groups_of(cases)),
        validation_is_train=not (train and validation),
        says=tuple(says),
    )


def parts_for(
    task: Task, cases: Sequence[Case], known: Mapping[UUID, PartName], seed: int
) -> dict[UUID, PartName]:
    """As `assign`, in the strata of the task."""
    return assign(cases, {case.id: task.stratum(case.truth) for case in cases}, known, seed)


def assign(
    cases: Sequence[Case],
    strata: Mapping[UUID, str],
    known: Mapping[UUID, PartName],
    seed: int,
) -> dict[UUID, PartName]:
    """The part of every case, by case id: 60/20/20 from 100 cases, 80/20 from 20 groups.

    `strata` names by case id what the parts keep in proportion, `known` the parts given before.
    New members of a known group join its part; where a group is known in several, the one that
    has shown the most: a text like a training case is no longer fit to judge by.
    """
    groups = groups_of(cases)
    shares = _shares(len(cases), len(groups))
    given: Counter[PartName] = Counter()
    parts: dict[UUID, PartName] = {}
    for group in _stratum_by_stratum(groups, strata, known, seed):
        part = _inherited(group, known) or _neediest(given, shares, len(group))
        for case in group:
            parts[case.id] = known.get(case.id, part)
            given[parts[case.id]] += 1
    return parts


def _shares(cases: int, groups: int) -> dict[PartName, float]:
    if groups < VALIDATION_FROM:
        return ONE_PART
    return THREE_PARTS if cases >= TEST_FROM else TWO_PARTS


def _stratum_by_stratum(
    groups: Sequence[Group], strata: Mapping[UUID, str], known: Mapping[UUID, PartName], seed: int
) -> list[Group]:
    """Walking through the strata in turn gives every part its share of each of them, and of
    strata of one case too. Known groups go first, so that new ones make up for what they lack."""
    drawn = shuffled(groups, name=lambda group: group[0].id, seed=seed, purpose="split")
    return sorted(drawn, key=lambda group: (strata[group[0].id], _inherited(group, known) is None))


def _inherited(group: Group, known: Mapping[UUID, PartName]) -> PartName | None:
    parts = {known[case.id] for case in group if case.id in known}
    return next((part for part in PartName if part in parts), None)


def _neediest(given: Counter[PartName], shares: Mapping[PartName, float], size: int) -> PartName:
    """The part furthest below its share of the cases so far."""
    seen = given.total() + size
    return max(shares, key=lambda part: round(shares[part] * seen - given[part], 9))
