"""A case keeps what stands before it, from the one who sends it to the one who learns from it."""

from collections.abc import AsyncIterator

import pytest
from httpx2 import AsyncClient
from nlu_shared.schemas.ground_truth import GroundTruthCase, case_hash

CONTEXT = {
    "before": [{"speaker": "expert", "text": "Who was Ruth?"}, {"text": "My mother."}],
    "known": {"people": [{"id": 1, "name": "Ruth"}]},
}
