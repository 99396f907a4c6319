"""Which cases are left out together: of the prompt that is asked about them, or of a whole search.

With its own example in the prompt a model need only look the answer up, and says nothing about
other texts. So the training cases are parted into folds, near-duplicates together, and a case is
asked with the examples of its whole fold left out (cross-validation: Stone, JRSS B 36 (1974)
111-147). Leaving out one example alone would make every question a prompt of its own, which no
provider's cache can hold.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from nlu_shared.schemas.prompts import PromptContent

from induction.engine.data.chance import shuffled
from induction.engine.data.groups import groups_of
from induction.engine.data.splits import Splits
from induction.engine.plan import Plan
from induction.task_kinds.base import Case

FOLDS = 5
Folds = Mapping[UUID, int]
"""The fold of every case, by case id."""
NO_FOLDS: Folds = MappingProxyType({})
HeldOut = tuple[Case, ...]


def folds_of(cases: Sequence[Case], *, seed: int) -> Folds:
    groups = shuffled(groups_of(cases), name=lambda g: g[0].id, seed=seed, purpose="folds")
    return {case.id: number % FOLDS for number, group in enumerate(groups) for case in group}


def out_of_fold(content: PromptContent, fold: int, folds: Folds) -> PromptContent:
    """The prompt without all examples that quote a case of that fold."""
    return without_cases(content, lambda case_id: folds.get(case_id) == fold)


def without_cases(content: PromptContent, left_out: Callable[[UUID], bool]) -> PromptContent:
    """The prompt without the examples, and without those of its bank, that quote a case which is
    left out, by case id."""
    examples, bank = (
        tuple(one for one in some if one.case_id is None or not left_out(one.case_id))
        for some in (content.examples, content.bank)
    )
    retrieval = content.retrieval
    if retrieval is not None and len(bank) < len(retrieval.bank):
        retrieval = retrieval.model_copy(update={"bank": bank}) if bank else None
    return content.model_copy(update={"examples": examples, "retrieval": retrieval})


def is_cross_validated(plan: Plan, splits: Splits) -> bool:
    """Whether the search itself is judged: on request, or since nothing could be set aside."""
    is_due = plan.folds is not None or (splits.validation_is_train and not splits.test)
    return is_due and len(groups_of(splits.learning)) > 1


def held_out_folds(plan: Plan, splits: Splits) -> list[HeldOut]:
    """The cases a repeated search is kept from, fold by fold, in id order; none where nothing is
    cross-validated.

    Without a number of folds each group is one. With it, groups are dealt in a drawn order, each to
    the fold that has the fewest cases.
    """
    if not is_cross_validated(plan, splits):
        return []
    groups = groups_of(splits.learning)
    if plan.folds is None or plan.folds >= len(groups):
        return groups
    dealt: list[list[Case]] = [[] for _ in range(plan.folds)]
    for group in shuffled(groups, name=lambda g: g[0].id, seed=plan.seed, purpose="procedure"):
        min(dealt, key=len).extend(group)
    return [tuple(sorted(fold, key=lambda case: case.id)) for fold in dealt]
