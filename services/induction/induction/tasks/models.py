"""What a task row is."""

from datetime import datetime
from typing import Any

from nlu_shared.schemas.labels import LabelSet, LabelSpec
from nlu_shared.schemas.promotions import PromotionRules, PromotionVerdict
from nlu_shared.schemas.steering import MINUTES, ApprovalMode, Unanswered
from nlu_shared.schemas.tasks import TaskSpec, TaskView
from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class TaskRow(SQLModel, table=True):
    """`labels` is a copy of nlu-logger's set as of `labels_version`; at 0 it is the task's own,
    from before there were label sets, and counts until somebody defines one."""

    __tablename__ = "tasks"

    slug: str = Field(primary_key=True)
    kind: str
    labels: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    labels_version: int = 0
    task_model: str | None = None
    proposer_model: str | None = None
    objective: dict[str, Any] = Field(
        default={"guards": {}}, sa_column=Column(JSONB, nullable=False)
    )
    max_prompt_tokens: int | None = None
    retrieval: bool = True
    batches: bool = False
    approval: str = ApprovalMode.OFF.value
    approval_minutes: float = MINUTES
    unanswered: str = Unanswered.VETO.value
    promotion_approvals: int = 0
    promotion_verdict: str = PromotionVerdict.ANY.value
    archived_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    created_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )

    def spec(self) -> TaskSpec:
        return TaskSpec.model_validate(self.model_dump(include=set(TaskSpec.model_fields)))

    @property
    def promotion_rules(self) -> PromotionRules:
        fields = self.model_dump(include=set(PromotionRules.model_fields))
        return PromotionRules.model_validate(fields)

    def view(self) -> TaskView:
        return TaskView.model_validate(self.model_dump(include=set(TaskView.model_fields)))

    def copy_labels(self, known: LabelSet) -> None:
        """Keeps what nlu-logger says; a set that nobody defined says nothing."""
        if known.version and self.kind == "intent" and known.version != self.labels_version:
            self.labels = [one.model_dump(mode="json") for one in known.labels]
            self.labels_version = known.version

    def held_to(self, known: LabelSet) -> TaskSpec:
        """The task with the labels that count beside `known`, nlu-logger's set: that one, or where
        nobody has defined it the task's own, with the aliases that renames have left."""
        spec = self.spec()
        if self.kind != "intent":
            return spec
        labels = known.labels if known.version else with_aliases(spec.labels, known)
        return spec.model_copy(update={"labels": labels})


def with_aliases(labels: tuple[LabelSpec, ...], known: LabelSet) -> tuple[LabelSpec, ...]:
    """The labels with the aliases that `known` has for them, where they are free."""
    taken = {spelling for one in labels for spelling in (one.name, *one.aliases)}
    more = {
        one.name: tuple(alias for alias in one.aliases if alias not in taken)
        for one in known.labels
    }
    return tuple(
        one.model_copy(update={"aliases": (*one.aliases, *more.get(one.name, ()))})
        for one in labels
    )
