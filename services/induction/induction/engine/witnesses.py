"""What the prompt versions of a run said about each training case: witnesses for and against its
truth. A version is told by what was asked, without the examples of the case's own fold: two
that differ in those alone are one witness."""

from collections.abc import Mapping
from uuid import UUID

from nlu_shared.schemas.prompts import PromptContent

from induction.tasks.base import Prediction


class Witnesses:
    """Answers by case and version. `versions` are all that said anything, by hash, the first heard
    first."""

    def __init__(self) -> None:
        self.versions: dict[str, PromptContent] = {}
        self._said: dict[UUID, dict[str, Prediction]] = {}

    def hear(
        self, version: PromptContent, asked: PromptContent, said: Mapping[UUID, Prediction]
    ) -> None:
        """`asked` is what was left of `version` in these questions. The first answer to a question
        stands."""
        if not said:
            return
        self.versions.setdefault(version.version_hash, version)
        question = asked.version_hash
        for case_id, prediction in said.items():
            self._said.setdefault(case_id, {}).setdefault(question, prediction)

    def about(self, case_id: UUID) -> dict[str, Prediction]:
        """The answers to a case, by the hash of what was asked."""
        return dict(self._said.get(case_id, {}))
