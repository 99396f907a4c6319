"""What a prompt is asked about a training case that it shows: the same without that example.

With its example a model need only look the answer up, and says nothing about other texts. So the
training cases are parted into folds, near-duplicates together, and a case is asked with the
examples of its whole fold left out (cross-validation: Stone, JRSS B 36 (1974) 111-147). Leaving out
one example alone would make every question a prompt of its own, which no provider's cache can hold.
"""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from nlu_shared.schemas.prompts import PromptContent

from induction.engine.chance import shuffled
from induction.engine.groups import groups_of
from induction.tasks.base import Case

FOLDS = 5
Folds = Mapping[UUID, int]


def folds_of(cases: Sequence[Case], *, seed: int) -> Folds:
    """The fold of every case, by case id."""
    groups = shuffled(groups_of(cases), name=lambda g: g[0].id, seed=seed, purpose="folds")
    return {case.id: number % FOLDS for number, group in enumerate(groups) for case in group}


def without(content: PromptContent, fold: int, folds: Folds) -> PromptContent:
    """The prompt without the examples that quote a case of that fold."""
    return blind(content, lambda case_id: folds.get(case_id) == fold)


def blind(content: PromptContent, to: Callable[[UUID], bool]) -> PromptContent:
    """The prompt without the examples that quote a case it is to be blind to, by case id."""
    kept = tuple(one for one in content.examples if one.case_id is None or not to(one.case_id))
    return content.model_copy(update={"examples": kept})
