"""What a backend installs: log predictions, review them, follow runs. Needs pydantic and httpx2.

No server code lives here, and nothing here knows a database.
"""

from nlu_shared.client.classification import Classification
from nlu_shared.client.create import create_nlu_service
from nlu_shared.client.errors import (
    ClientError,
    Conflict,
    Forbidden,
    NotFound,
    NotLoggable,
    Refused,
    Unauthenticated,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from nlu_shared.client.logged import last_log_id, logged
from nlu_shared.client.prompted import ModelFailed, NoPrompt, PromptedService
from nlu_shared.client.repository import NLURepository, RetrainingRow, create_nlu_repository
from nlu_shared.client.runs import follow_run
from nlu_shared.client.service import (
    Classifier,
    NLUResult,
    NLUService,
)
from nlu_shared.client.spool import BlockingSpool, DeadLetter, Health, Reconciled, Spool
from nlu_shared.client.transport import HttpTransport, Transport

__all__ = [
    "BlockingSpool",
    "Classification",
    "Classifier",
    "ClientError",
    "Conflict",
    "DeadLetter",
    "Forbidden",
    "Health",
    "HttpTransport",
    "ModelFailed",
    "NLURepository",
    "NLUResult",
    "NLUService",
    "NoPrompt",
    "NotFound",
    "NotLoggable",
    "PromptedService",
    "Reconciled",
    "Refused",
    "RetrainingRow",
    "Spool",
    "Transport",
    "Unauthenticated",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
    "create_nlu_repository",
    "create_nlu_service",
    "follow_run",
    "last_log_id",
    "logged",
]
