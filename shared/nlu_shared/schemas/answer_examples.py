"""One answer of each of the main kinds, as the API's document shows it. Nobody's real words."""

from collections.abc import Mapping

from pydantic import BaseModel, JsonValue

from nlu_shared.schemas.base import digest
from nlu_shared.schemas.examples import SOME_ID, TASK
from nlu_shared.schemas.forecasts import Forecast
from nlu_shared.schemas.predictions import Prediction
from nlu_shared.schemas.registry import ActivePrompt
from nlu_shared.schemas.rendered import RenderedPrompt
from nlu_shared.schemas.run_views import RunView

BEFORE, AFTER = "01890a5d-ac96-774b-bcce-b302099a8058", "01890a5d-ac96-774b-bcce-b302099a8059"
SYSTEM = (
    "You sort what customers of a shop write.\n\ntrack_order: where is it? cancel_order: stop it.",
    'Text: {"text": "Where is my parcel?"}\nAnswer: {"label": "track_order"}',
)
ANSWER: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": ["track_order", "cancel_order"]}},
    "required": ["label"],
    "additionalProperties": False,
}

ANSWERS: Mapping[type[BaseModel], JsonValue] = {
    ActivePrompt: {
        "task": TASK,
        "version_id": AFTER,
        "version_hash": digest("after"),
        "content": {
            "instructions": [
                {"name": "role", "text": "You sort what customers of a shop write."},
                {"name": "labels", "text": "track_order: where is it? cancel_order: stop it."},
            ],
            "examples": [{"text": "Where is my parcel?", "output": "track_order"}],
        },
        "kind": "intent",
        "labels": ["track_order", "cancel_order"],
        "rendered": RenderedPrompt.of(SYSTEM, ANSWER, 100).model_dump(mode="json"),
        "model": "office/llama-3",
        "endpoint": {
            "provider": "office",
            "api": "chat-completions",
            "model": "llama-3",
            "dialect": {
                "takes_schema": True,
                "takes_temperature": True,
                "length_field": "max_tokens",
                "effort": None,
            },
            "has_address": True,
        },
    },
    Forecast: {
        "cases": 120,
        "splits": {"train": 60, "validation": 30, "test": 30},
        "quotable": 58,
        "calls": 1840,
        "money_usd": 1.62,
        "likely": {"runs": 3, "calls": [410, 730], "money_usd": [0.31, 0.6], "minutes": [4, 9]},
        "month_left_usd": 48.2,
        "fits": True,
        "detectable_gain": 0.23,
        "labels_version": 1,
        "notes": ["on 30 test groups a gain below 0.23 would mostly go unseen"],
    },
    Prediction: {
        "id": SOME_ID,
        "user_id": None,
        "task": TASK,
        "prompt": "Where is my parcel?",
        "predicted_intent": "track_order",
        "confidence": 0.92,
        "secondary_intents": [{"intent": "cancel_order", "confidence": 0.05}],
        "output": None,
        "corrected_intent": None,
        "correction_notes": None,
        "was_successful": True,
        "workflow_type": "tracking",
        "execution_error": None,
        "conversation_id": None,
        "message_index": None,
        "model_version": "2026-11",
        "prompt_version": AFTER,
        "latency_ms": 41.5,
        "created_at": "2026-11-02T09:30:00Z",
        "updated_at": "2026-11-02T09:30:04Z",
    },
    RunView: {
        "id": SOME_ID,
        "task": TASK,
        "kind": "improve",
        "trigger_type": "manual",
        "status": "completed",
        "reason": "validation no longer improves",
        "limits": {"iterations": 5, "money_usd": 2.5},
        "task_model": "anthropic/claude-haiku-4-5",
        "proposer_model": "anthropic/claude-sonnet-4-5",
        "dataset_hash": digest("a data set"),
        "dataset_size": 120,
        "splits": {"train": 60, "validation": 30, "test": 30},
        "baseline_version_id": BEFORE,
        "best_version_id": AFTER,
        "baseline_f1": 0.8,
        "final_f1": 0.9,
        "improvement": 0.1,
        "components": {"track_order": 0.93, "cancel_order": 0.87},
        "pooled": {"track_order": [14, 1, 1], "cancel_order": [13, 2, 2]},
        "support": {"track_order": 15, "cancel_order": 15},
        "iterations": [
            {
                "n": 1,
                "iteration": 1,
                "strategy": "B",
                "rationale": "Parcels are taken for cancellations.",
                "outcome": "kept",
                "reason": None,
                "validation_f1": 0.9,
                "fixed": 4,
                "broke": 1,
                "version_id": AFTER,
            }
        ],
        "verdict": {
            "kind": "promising",
            "tested_on": "test",
            "cases": 30,
            "before": 0.8,
            "after": 0.88,
            "gain": 0.08,
            "interval": [-0.04, 0.2],
            "p_value": 0.29,
            "labels_needed": 90,
            "label_first": ["cancel_order"],
            "summary": "Better on 30 untouched cases, though that may be chance.",
        },
        "spend": {"calls": 520, "cached_calls": 60, "usd": 0.42, "usd_per_point": 0.042},
        "engine_version": "11",
        "scorer": "intent/1",
        "created_at": "2026-11-02T09:30:00Z",
        "started_at": "2026-11-02T09:30:02Z",
        "completed_at": "2026-11-02T09:36:40Z",
    },
}
"""By the schema that each is an answer of."""
