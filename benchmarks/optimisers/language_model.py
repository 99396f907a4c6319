"""The small real language model as the task model, where the benchmark is asked for it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
from induction.llm.adapters.reading import read_completion
from induction.llm.retry import Failure
from induction.task_kinds.base import ModelAnswer, ModelRequest

from deploy.smollm2 import server

SECONDS = 300.0
"""An answer is waited for, on a machine with other work."""


class LanguageModel:
    """Answers at temperature 0, one question after the other. An equal question has an equal answer
    then, so it is put once and remembered, whoever asks."""

    def __init__(self, url: str) -> None:
        self._client = httpx2.Client(base_url=url, timeout=SECONDS)
        self._known: dict[str, ModelAnswer] = {}

    def __call__(self, request: ModelRequest, sample: int) -> ModelAnswer:
        if request.key not in self._known:
            self._known[request.key] = self._complete(request)
        return self._known[request.key]

    def _complete(self, request: ModelRequest) -> ModelAnswer:
        body = request.chat_completions() | {"model": server.MODEL, "temperature": 0}
        response = self._client.post("/chat/completions", json=body)
        answer = read_completion(response.status_code, response.headers, response.content)
        if isinstance(answer, Failure):
            raise RuntimeError(f"the model's server: {answer}")
        return answer


@contextmanager
def language_model(threads: int) -> Iterator[LanguageModel]:
    """Started inside and stopped after. Raises LocalProblem where it is not installed."""
    with TemporaryDirectory() as data, asyncio.Runner() as runner:
        serving = server.serving(Path(data), threads=threads)
        _, url = runner.run(serving.__aenter__())
        try:
            yield LanguageModel(url)
        finally:
            runner.run(serving.__aexit__(None, None, None))
