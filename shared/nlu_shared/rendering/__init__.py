"""How a prompt is said to a model, and how its answer is read: one renderer for whoever measures a
prompt and whoever runs it. Pure.

`request` is the whole of what is sent, `answers` what comes back, `leniency` what counts as an
answer, `intent` and `extraction` what is particular to a kind of task, `prompt` the one way from a
prompt to requests and predictions, `tokens` how long a request is.
"""

from nlu_shared.rendering.answers import ModelAnswer, ModelPrediction, Outcome, Usage
from nlu_shared.rendering.prompt import (
    AnswerSpace,
    read,
    render,
    render_parts,
    rendered,
)
from nlu_shared.rendering.request import ModelRequest, as_bytes, body_of, framed
from nlu_shared.rendering.tokens import (
    bank_tokens,
    example_tokens,
    fixed_tokens,
    part_tokens,
    prompt_tokens,
    request_tokens,
    tokens,
)

__all__ = [
    "AnswerSpace",
    "ModelAnswer",
    "ModelPrediction",
    "ModelRequest",
    "Outcome",
    "Usage",
    "as_bytes",
    "bank_tokens",
    "body_of",
    "example_tokens",
    "fixed_tokens",
    "framed",
    "part_tokens",
    "prompt_tokens",
    "read",
    "render",
    "render_parts",
    "rendered",
    "request_tokens",
    "tokens",
]
