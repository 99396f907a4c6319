"""A backend reads an answer as the run did that measured its prompt: aliases and prose too."""

import json

from induction.task_kinds.base import ModelAnswer, Outcome
from induction.task_kinds.intent import IntentTask
from nlu_shared.client.prompted import module, served
from nlu_shared.client.prompted.served import Whence
from nlu_shared.rendering import read
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.registry import ActivePrompt

from tests.fixtures.stack import Stack

LABELS = [
    {"name": "Stop_It", "aliases": ["halt", "basta"]},
    {"name": "pay", "aliases": ["settle"]},
    {"name": "old", "retired": True},
    {"name": "refund"},
]
SAYS = [
    '{"label": "pay", "confidence": 0.5}',
    'I say {"label": "PAY", "confidence": "80%"}.',
    '{"label": "halt"}',
    '{"label": "Basta"}',
    '{"label": "settle"}',
    '{"label": "old"}',
    '{"label": "OLD"}',
    '{"label": "stop it", "confidence": 90}',
    '{"label": "other"}',
    "pay",
]


async def test_live_and_bundled_prompts_read_as_the_evaluation_does(stack: Stack) -> None:
    made = await stack.induction.post(
        "/v1/tasks", json={"slug": "alike", "kind": "intent", "labels": LABELS}
    )
    assert made.status_code == 201, made.text
    version = await stack.induction.post("/v1/prompts/alike/versions", json={"promote": True})
    assert version.status_code == 201, version.text
    active = (await stack.induction.get("/v1/prompts/alike/active")).json()
    exported = (await stack.induction.get("/v1/prompts/alike/export")).text
    task = IntentTask([LabelSpec.model_validate(one) for one in LABELS])
    backends = [
        served.served_of(ActivePrompt.model_validate(active), Whence.LIVE),
        module.served_of(exported),
    ]
    for text in SAYS:
        answer = ModelAnswer(Outcome.OK if _is_json(text) else Outcome.MALFORMED, text)
        measured = task.parse(answer)
        for backend in backends:
            assert read(answer, backend.answers) == measured
            assert read(answer, backend.answers).lenient == measured.lenient


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
