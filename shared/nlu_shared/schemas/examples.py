"""One request body of each kind, as the API's document shows it. Nobody's real words."""

from collections.abc import Mapping

from pydantic import BaseModel, JsonValue

from nlu_shared.schemas.alerts import AlertIn
from nlu_shared.schemas.bundles import SignedBundle
from nlu_shared.schemas.continuations import ContinueIn
from nlu_shared.schemas.experiments import ExperimentIn, ExperimentStopIn
from nlu_shared.schemas.exports import ScheduleIn
from nlu_shared.schemas.ground_truth import GroundTruthIn
from nlu_shared.schemas.imports import HistoryLine, LabelledLine, ReviewedLine
from nlu_shared.schemas.keys import KeyIn, RotationIn
from nlu_shared.schemas.labels import LabelRename, LabelSetIn
from nlu_shared.schemas.notices import ChannelIn
from nlu_shared.schemas.ofrep import OfrepIn
from nlu_shared.schemas.predictions import Ids, OutcomeIn, PredictionIn
from nlu_shared.schemas.prices import PricesIn
from nlu_shared.schemas.promotions import (
    PromotionApprovalIn,
    PromotionIn,
    PromotionRejectionIn,
    RollbackIn,
)
from nlu_shared.schemas.queues import ClaimIn, FindingsIn
from nlu_shared.schemas.quoting import QuotingDefaultIn, QuotingIn
from nlu_shared.schemas.registry import PromptImport
from nlu_shared.schemas.replays import ReplayIn
from nlu_shared.schemas.reviews import (
    ApprovalIn,
    BulkApprovalIn,
    BulkRejectionIn,
    ConfirmationIn,
    CorrectionIn,
    SettlementIn,
)
from nlu_shared.schemas.runs import RunRequest
from nlu_shared.schemas.steering import HintIn, PinIn, VetoIn
from nlu_shared.schemas.tasks import TaskChange, TaskIn
from nlu_shared.schemas.triggers import AutoTriggerIn, AutoTriggerOf

TASK = "support"
SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"

EXAMPLES: Mapping[type[BaseModel], JsonValue] = {
    AlertIn: {
        "rule": {"kind": "error_rate", "name": "support fails", "task": TASK, "threshold": 0.2},
        "channels": [{"kind": "slack", "url": "https://hooks.example.org/services/T0/B0/x"}],
    },
    ApprovalIn: {"may_quote": True},
    AutoTriggerIn: {"task": TASK, "enabled": True, "f1_threshold": 0.8, "canary": True},
    AutoTriggerOf: {"task": TASK},
    BulkApprovalIn: {"correction_ids": [SOME_ID], "may_quote": False},
    BulkRejectionIn: {"correction_ids": [SOME_ID]},
    ClaimIn: {"limit": 10, "minutes": 30, "task": TASK},
    ConfirmationIn: {"correction_notes": "right, though unsure"},
    ContinueIn: {"limits": {"money_usd": 5, "minutes": 60}, "hints": ["Parcels come first."]},
    CorrectionIn: {"corrected_intent": "cancel_order", "correction_notes": "the order, not a mail"},
    ExperimentIn: {"version_id": SOME_ID, "guards": [{"intent": "cancel_order"}], "promote": True},
    ExperimentStopIn: {"reason": "Support sees more complaints."},
    FindingsIn: {"findings": [{"case_id": SOME_ID, "kind": "always-missed", "suggested": "greet"}]},
    GroundTruthIn: {"task": TASK, "text": "Where is my parcel?", "truth": "track_order"},
    PinIn: {"block": "rules"},
    HistoryLine: {
        "id": "7",
        "prompt": "Where is my parcel?",
        "predicted_intent": "track_order",
        "confidence": 0.92,
        "created_at": "2026-11-02T09:30:00Z",
    },
    HintIn: {"hint": "Questions about a parcel are track_order, even when they sound angry."},
    Ids: {"ids": [SOME_ID]},
    OfrepIn: {"context": {"targetingKey": "conversation-7"}},
    KeyIn: {"name": "backend", "scopes": ["predictions:write"], "tasks": [TASK]},
    LabelledLine: {"text": "Where is my parcel?", "label": "track_order", "group": "mail-7"},
    LabelRename: {"to": "find_parcel"},
    LabelSetIn: {
        "labels": [
            {"name": "track_order", "description": "where a parcel is", "aliases": ["trackOrder"]},
            {"name": "cancel_order", "aliases": ["stop_order"]},
            {"name": "fax_order", "retired": True},
        ],
        "replaces": 0,
    },
    OutcomeIn: {"was_successful": False, "workflow_type": "tracking", "execution_error": "timeout"},
    PredictionIn: {
        "task": TASK,
        "prompt": "Where is my parcel?",
        "predicted_intent": "track_order",
        "confidence": 0.92,
        "secondary_intents": [{"intent": "cancel_order", "confidence": 0.05}],
        "model_version": "2026-11",
        "latency_ms": 41.5,
    },
    ChannelIn: {"kind": "slack", "target": "https://hooks.slack.example/services/T0/B0/x"},
    PricesIn: {
        "prices": [
            {"model": "gpt-4o-mini", "since": "2026-01-01", "input": 0.15, "output": 0.6},
            {"model": "own/smollm2", "input": 0, "output": 0, "note": "our own server"},
        ]
    },
    PromotionApprovalIn: {"reason": "Read the changed examples; they are our own words."},
    PromotionIn: {"alias": "production", "reason": "Proven on 120 untouched cases."},
    PromotionRejectionIn: {"reason": "Measure it on the cases of this week first."},
    PromptImport: {
        "content": {
            "instructions": [
                {"name": "role", "text": "You sort what customers of a shop write."},
                {"name": "labels", "text": "track_order: where is it? cancel_order: stop it."},
            ],
            "examples": [{"text": "Where is my parcel?", "output": "track_order"}],
        },
        "promote": True,
    },
    QuotingDefaultIn: {"may_quote": True},
    QuotingIn: {"task": TASK, "label": "track_order", "dry_run": True},
    ReviewedLine: {"id": SOME_ID, "corrected_intent": "cancel_order", "notes": "the order"},
    RollbackIn: {"reason": "Cancellations are taken for new orders since noon."},
    RotationIn: {"grace_hours": 24},
    ReplayIn: {"predictions": 200, "limits": {"money_usd": 0.5}, "dry_run": True},
    RunRequest: {"task": TASK, "limits": {"iterations": 5, "money_usd": 2.5}, "dry_run": True},
    ScheduleIn: {"name": "weekly", "cron": "0 3 * * 1", "what": {"mode": "retraining"}},
    SettlementIn: {"truth": "replace"},
    SignedBundle: {
        "bundle": {"format": "induction-bundle/2", "task": TASK, "kind": "intent", "versions": []},
        "public_key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "signature": "A" * 86 + "==",
    },
    TaskChange: {"task_model": "claude-haiku-5-5", "promotion_approvals": 1},
    TaskIn: {
        "slug": TASK,
        "kind": "intent",
        "labels": [
            {"name": "track_order", "description": "where a parcel is"},
            {"name": "cancel_order"},
        ],
    },
    VetoIn: {"reason": "It names one customer's parcel; say it for all of them."},
}
"""By the schema that each is a body of."""
