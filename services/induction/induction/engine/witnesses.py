"""What every prompt version of a run said about each case: witnesses for and against its truth."""

from collections.abc import Mapping
from uuid import UUID

from nlu_shared.schemas.prompts import PromptContent

from induction.tasks.base import Prediction


class Witnesses:
    """Answers by case and version. A version that shows a case as an example repeats its truth and
    is no witness for it."""

    def __init__(self) -> None:
        self._versions: dict[str, PromptContent] = {}
        self._said: dict[UUID, dict[str, Prediction]] = {}

    def hear(self, content: PromptContent, said: Mapping[UUID, Prediction]) -> None:
        """The first answer of a version to a case stands; later ones are the same question."""
        version = content.version_hash
        self._versions[version] = content
        for case_id, prediction in said.items():
            if may_witness(content, case_id):
                self._said.setdefault(case_id, {}).setdefault(version, prediction)

    def about(self, case_id: UUID) -> dict[str, Prediction]:
        """The answers to a case by version hash."""
        return self._said.get(case_id, {})

    def versions(self) -> list[PromptContent]:
        """All that said anything, in the order in which they were first heard."""
        return list(self._versions.values())


def may_witness(content: PromptContent, case_id: UUID) -> bool:
    return all(example.case_id != case_id for example in content.examples)
