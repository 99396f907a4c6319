"""What a run that goes on from another's best prompt may do otherwise than that one."""

from typing import Annotated

from pydantic import Field

from nlu_shared.schemas.base import Body, Label, Note
from nlu_shared.schemas.objectives import Guards
from nlu_shared.schemas.rendered import BlockName
from nlu_shared.schemas.runs import MOST_FOLDS, MOST_PROPOSALS, RunModels
from nlu_shared.schemas.steering import ChosenApprovals
from nlu_shared.schemas.tasks import PromptTokens

SAME = "null: as before"


class LimitsChange(Body):
    """Of `limits`, those that are to be others. What is left out stays as it was promised."""

    iterations: int | None = Field(default=None, ge=1, le=20, description=SAME)
    calls: int | None = Field(default=None, ge=1, le=1_000_000, description=SAME)
    money_usd: float | None = Field(
        default=None, ge=0, le=10_000, description=f"US dollars; {SAME}"
    )
    minutes: float | None = Field(
        default=None, gt=0, le=10_080, description=f"of wall time; {SAME}"
    )
    max_prompt_tokens: PromptTokens = Field(default=None, description=SAME)


class ContinueIn(Body, ChosenApprovals):
    """All is taken over from the run that is continued; what is named here takes its place."""

    limits: LimitsChange = Field(default=LimitsChange(), description="promises that are changed")
    models: RunModels = Field(default=RunModels(), description=f"who answers and proposes; {SAME}")
    focus: Label | None = Field(default=None, description=f"the component to raise; {SAME}")
    guards: Guards | None = Field(default=None, description=f"by component; {SAME}")
    proposals: int | None = Field(default=None, ge=1, le=MOST_PROPOSALS, description=SAME)
    folds: int | None = Field(default=None, ge=2, le=MOST_FOLDS, description=SAME)
    may_remove_blocks: bool | None = Field(default=None, description=SAME)
    retrieval: bool | None = Field(default=None, description=SAME)
    batches: bool | None = Field(default=None, description=SAME)
    hints: Annotated[tuple[Note, ...], Field(max_length=20)] | None = Field(
        default=None, description=f"what proposals should know; {SAME}, those on its way included"
    )
    pins: Annotated[tuple[BlockName, ...], Field(max_length=50)] | None = Field(
        default=None, description=f"blocks that no change may edit; {SAME}"
    )
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1, description=SAME)
