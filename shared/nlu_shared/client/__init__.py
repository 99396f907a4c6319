"""What a backend installs: log predictions, review them, follow runs. Needs pydantic and httpx2.

No server code lives here, and nothing here knows a database.
"""

from nlu_shared.client.errors import (
    ClientError,
    Conflict,
    Forbidden,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from nlu_shared.client.repository import NLURepository, RetrainingRow, create_nlu_repository
from nlu_shared.client.runs import follow_run
from nlu_shared.client.service import (
    Classification,
    Classifier,
    NLUResult,
    NLUService,
    create_nlu_service,
)
from nlu_shared.client.transport import HttpTransport, Transport

__all__ = [
    "Classification",
    "Classifier",
    "ClientError",
    "Conflict",
    "Forbidden",
    "HttpTransport",
    "NLURepository",
    "NLUResult",
    "NLUService",
    "NotFound",
    "Refused",
    "RetrainingRow",
    "Transport",
    "Unauthenticated",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
    "create_nlu_repository",
    "create_nlu_service",
    "follow_run",
]
