"""What the prompt versions of a run answered to each training case: evidence for and against its
truth. A version is known by what was asked, without the examples of the case's own fold: two that
differ in those alone count once."""

from collections.abc import Mapping
from uuid import UUID

from nlu_shared.schemas.prompts import PromptContent

from induction.task_kinds.base import ModelPrediction


class AnswerLog:
    """Answers by case and version. `versions` are all that answered anything, by hash, in the order
    of their first answer."""

    def __init__(self) -> None:
        self.versions: dict[str, PromptContent] = {}
        self._predictions: dict[UUID, dict[str, ModelPrediction]] = {}

    def add(
        self,
        version: PromptContent,
        question: PromptContent,
        predictions: Mapping[UUID, ModelPrediction],
    ) -> None:
        """`question` is what was left of `version` when these cases were asked. The first answer to
        a question stands."""
        if not predictions:
            return
        version_hash = version.version_hash
        self.versions.setdefault(version_hash, version)
        question_hash = version_hash if question is version else question.version_hash
        for case_id, prediction in predictions.items():
            self._predictions.setdefault(case_id, {}).setdefault(question_hash, prediction)

    def for_case(self, case_id: UUID) -> dict[str, ModelPrediction]:
        """The answers to a case, by the hash of what was asked."""
        return dict(self._predictions.get(case_id, {}))
