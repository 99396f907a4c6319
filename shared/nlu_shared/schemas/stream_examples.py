"""What a stream of events looks like, as the API's document shows it."""

from uuid import UUID

from nlu_shared.schemas.base import digest
from nlu_shared.schemas.events import (
    EvaluationProgress,
    PromptEvaluated,
    RunFinished,
    RunStarted,
    Split,
    Streamed,
)

RUN_ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
BASELINE = digest("a prompt")
EVENTS: tuple[tuple[int | None, Streamed], ...] = (
    (
        1,
        RunStarted(
            dataset_hash=digest("a data set"),
            splits={"train": 60, "validation": 30, "test": 30},
            baseline_hash=BASELINE,
            notes=["on 30 test groups a gain below 0.23 would mostly go unseen"],
        ),
    ),
    (None, EvaluationProgress(iteration=0, split="validation", done=12, total=30)),
    (
        2,
        PromptEvaluated(
            iteration=0,
            split=Split.VALIDATION,
            version_hash=BASELINE,
            objective=0.8,
            components={"track_order": 0.84, "cancel_order": 0.76},
            pooled={"track_order": (13, 3, 2), "cancel_order": (11, 3, 4)},
            support={"track_order": 15, "cancel_order": 15},
            cases=30,
        ),
    ),
    (
        3,
        RunFinished(
            status="cancelled",
            reason="cancelled by an operator",
            best_hash=BASELINE,
            baseline_f1=0.8,
            final_f1=0.8,
        ),
    ),
)
"""Some events of a run, with their numbers; what is not stored has none."""


def _message(n: int | None, event: Streamed, data: str) -> str:
    numbered = "" if n is None else f"id: {n}\n"
    return f"{numbered}event: {event.type}\ndata: {data}\n\n"


def _with_its_run(event: Streamed) -> str:
    return f'{{"run_id":"{RUN_ID}",{event.model_dump_json()[1:]}'


OF_ONE = "".join(_message(n, event, event.model_dump_json()) for n, event in EVENTS)
OF_SEVERAL = "".join(_message(n, event, _with_its_run(event)) for n, event in EVENTS)
"""Of one run, so that the ids of both are alike."""
