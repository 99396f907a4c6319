"""The door to nlu-logger: reads approved ground truth, whole or not at all, with the labels it may
carry, what to forget, and the numbers of production; defines labels; tells it which truths are
doubted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import httpx2
from nlu_shared.kit.errors import Conflict, Forbidden, Unavailable
from nlu_shared.schemas.alerts import IncidentInBrief
from nlu_shared.schemas.base import Page, Problem
from nlu_shared.schemas.experiments import ArmCounts, Unit
from nlu_shared.schemas.ground_truth import GroundTruthCase, StreamEnd, dataset_hash
from nlu_shared.schemas.insights import Every, IntentOutcome, LiveScore, TrafficDrift
from nlu_shared.schemas.labels import LabelSet, LabelSetIn, LabelSpec
from nlu_shared.schemas.predictions import Prediction
from nlu_shared.schemas.privacy import ErasedCase
from nlu_shared.schemas.queues import FindingsIn, FindingsTaken
from pydantic import BaseModel, ValidationError

Answer = TypeVar("Answer", bound=BaseModel)


class UpstreamAway(Unavailable):
    code = "nlu_logger_away"
    title = "nlu-logger cannot be read"


class LabelsNotWritable(Forbidden):
    code = "labels_not_writable"
    title = "induction's key of nlu-logger may not define labels"


class LabelsChanged(Conflict):
    code = "labels_changed"
    title = "The label set was changed meanwhile"


class LabelInUse(Conflict):
    code = "label_in_use"
    title = "Approved truths carry a label that this set lacks"


class InsightsNotReadable(Forbidden):
    code = "insights_not_readable"
    title = "induction's key of nlu-logger lacks the scope insights:read"


class PredictionsNotReadable(Forbidden):
    code = "predictions_not_readable"
    title = "induction's key of nlu-logger lacks the scope predictions:read"


class AnotherList(Exception):
    """nlu-logger's list of erased cases is not the one that was read: a backup was set back."""


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """All approved cases of a task, in id order, the hash nlu-logger gave them, and the label set
    that stood while they were read."""

    cases: tuple[GroundTruthCase, ...]
    dataset_hash: str
    labels: LabelSet


READINGS = 3
"""Of labels that change while cases are read, before a caller is sent away."""


async def fetch(client: httpx2.AsyncClient, task: str) -> GroundTruth:
    """Raises UpstreamAway where nlu-logger is away, refuses the key, or the stream was cut."""
    labels = await fetch_labels(client, task)
    for _ in range(READINGS):
        cases, dataset_hash = await _fetch_cases(client, task)
        before, labels = labels, await fetch_labels(client, task)
        if labels.version == before.version:
            return GroundTruth(cases, dataset_hash, labels)
    raise UpstreamAway("The labels change faster than the ground truth can be read.")


async def _fetch_cases(
    client: httpx2.AsyncClient, task: str
) -> tuple[tuple[GroundTruthCase, ...], str]:
    cases: list[GroundTruthCase] = []
    end: StreamEnd | None = None
    try:
        async with client.stream("GET", "/v1/ground-truth", params={"task": task}) as response:
            if response.status_code != 200:
                raise UpstreamAway(f"nlu-logger answered {response.status_code}.")
            async for line in response.aiter_lines():
                if not line:
                    continue
                record = json.loads(line)
                if isinstance(record, dict) and "sha256" in record:
                    end = StreamEnd.model_validate(record)
                else:
                    cases.append(GroundTruthCase.model_validate(record))
    except httpx2.HTTPError as away:
        raise UpstreamAway("nlu-logger cannot be reached.") from away
    except (ValidationError, ValueError) as unreadable:
        raise UpstreamAway("nlu-logger's answer cannot be read.") from unreadable
    if end is None or end.count != len(cases):
        raise UpstreamAway("The ground-truth stream was cut.")
    if end.sha256 != dataset_hash(case.hash for case in cases):
        raise UpstreamAway("The ground truth does not have the hash it claims.")
    return tuple(cases), end.sha256


async def fetch_labels(client: httpx2.AsyncClient, task: str) -> LabelSet:
    """As the set stands; version 0 where nobody has defined it. Raises UpstreamAway."""
    return _read(LabelSet, await _sent(client, "GET", f"/v1/tasks/{task}/labels"))


async def define_labels(
    client: httpx2.AsyncClient, task: str, labels: Sequence[LabelSpec], *, replaces: int
) -> LabelSet:
    """The set as the version after `replaces`; the same set again is none.

    Raises LabelsNotWritable, LabelsChanged, LabelInUse, UpstreamAway.
    """
    body = LabelSetIn(labels=tuple(labels), replaces=replaces).model_dump(mode="json")
    response = await _sent(client, "PUT", f"/v1/tasks/{task}/labels", json=body)
    if response.status_code == 403:
        raise LabelsNotWritable(
            "Give the key in INDUCTION_NLU_LOGGER_KEY the scope labels:write, or define the labels"
            " in nlu-logger: PUT /v1/tasks/{slug}/labels."
        )
    if response.status_code == 409:
        raise _conflict(response)
    return _read(LabelSet, response)


def _conflict(response: httpx2.Response) -> Conflict:
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError as unreadable:
        raise UpstreamAway("nlu-logger's answer cannot be read.") from unreadable
    if problem.code == LabelInUse.code:
        return LabelInUse(
            "Keep these as `retired`, or rename them first in nlu-logger.",
            labels=problem.labels or (),
        )
    return LabelsChanged("Somebody else defined it; look again.")


async def fetch_live_f1(
    client: httpx2.AsyncClient,
    task: str | None,
    *,
    since: datetime,
    until: datetime | None = None,
    every: Every | None = None,
) -> list[LiveScore] | None:
    """By task (None: all) and version, the newest first, and by period where `every` is given; None
    where induction's key lacks insights:read. Raises UpstreamAway."""
    ends = until and until.isoformat()
    params = {"from": since.isoformat(), "to": ends, "task": task, "every": every}
    params = {name: value for name, value in params.items() if value is not None}
    response = await _sent(client, "GET", "/v1/insights/live-f1", params=params)
    return None if response.status_code == 403 else _read(Page[LiveScore], response).items


async def fetch_drift(
    client: httpx2.AsyncClient, task: str, *, since: datetime
) -> TrafficDrift | None:
    """Of the traffic since then, against that of a period of equal length before; None where
    induction's key lacks insights:read. Raises UpstreamAway."""
    params = {"task": task, "from": since.isoformat()}
    response = await _sent(client, "GET", "/v1/insights/drift", params=params)
    return None if response.status_code == 403 else _read(TrafficDrift, response)


async def fetch_outcomes(
    client: httpx2.AsyncClient, task: str, *, version: str, since: datetime
) -> list[IntentOutcome]:
    """How the work ended that followed predictions of a prompt version, by intent. Raises
    InsightsNotReadable, UpstreamAway."""
    params = {"task": task, "from": since.isoformat(), "prompt_version": version}
    response = await _sent(client, "GET", "/v1/insights/outcomes", params=params)
    if response.status_code == 403:
        raise InsightsNotReadable
    return _read(Page[IntentOutcome], response).items


async def fetch_arms(
    client: httpx2.AsyncClient,
    task: str,
    *,
    unit: Unit,
    a: Sequence[str],
    b: Sequence[str],
    steps: Sequence[datetime],
    lag_minutes: float,
    after: datetime,
    until: datetime,
) -> ArmCounts:
    """Units of an experiment that came from `after` to `until`, each counted once since its first
    step. Raises InsightsNotReadable, UpstreamAway."""
    params: dict[str, Any] = {
        "task": task,
        "from": min(steps).isoformat(),
        "to": until.isoformat(),
        "after": after.isoformat(),
        "unit": unit.value,
        "a": list(a),
        "b": list(b),
        "step": [one.isoformat() for one in steps],
        "lag_minutes": lag_minutes,
    }
    response = await _sent(client, "GET", "/v1/insights/experiment", params=params)
    if response.status_code == 403:
        raise InsightsNotReadable
    return _read(ArmCounts, response)


async def fetch_incidents(
    client: httpx2.AsyncClient, *, since: datetime, until: datetime
) -> list[IncidentInBrief] | None:
    """Alerts of every task that opened in that time, the newest first; None where induction's key
    lacks insights:read. Raises UpstreamAway."""
    params = {"from": since.isoformat(), "to": until.isoformat()}
    response = await _sent(client, "GET", "/v1/insights/incidents", params=params)
    return None if response.status_code == 403 else _read(Page[IncidentInBrief], response).items


async def fetch_predictions(
    client: httpx2.AsyncClient, task: str, *, before: UUID | None, most: int
) -> list[Prediction]:
    """Logged predictions, the newest first: those older than `before`, or the newest there are.
    Raises PredictionsNotReadable, UpstreamAway."""
    params = {"task": task, "limit": str(most)} | ({"cursor": str(before)} if before else {})
    response = await _sent(client, "GET", "/v1/predictions", params=params)
    if response.status_code == 403:
        raise PredictionsNotReadable
    return _read(Page[Prediction], response).items


async def _sent(client: httpx2.AsyncClient, method: str, path: str, **how: Any) -> httpx2.Response:
    try:
        return await client.request(method, path, **how)
    except httpx2.HTTPError as away:
        raise UpstreamAway("nlu-logger cannot be reached.") from away


def _read(answer: type[Answer], response: httpx2.Response) -> Answer:
    if response.status_code != 200:
        raise UpstreamAway(f"nlu-logger answered {response.status_code}.")
    try:
        return answer.model_validate_json(response.content)
    except ValidationError as unreadable:
        raise UpstreamAway("nlu-logger's answer cannot be read.") from unreadable


async def fetch_erased(
    client: httpx2.AsyncClient, *, after: int, mark: UUID | None = None
) -> list[ErasedCase]:
    """The next cases to forget after number `after`, which had this mark, in order.

    Raises AnotherList, UpstreamAway.
    """
    params = {"after": str(after)} | ({"mark": str(mark)} if mark else {})
    response = await _sent(client, "GET", "/v1/ground-truth/erased", params=params)
    if response.status_code == 409:
        raise AnotherList
    return _read(Page[ErasedCase], response).items


async def tell_findings(client: httpx2.AsyncClient, findings: FindingsIn) -> int:
    """How many of them were new; those about cases that are gone are lost with them.

    Raises UpstreamAway where nlu-logger is away or does not take them.
    """
    body = findings.model_dump(mode="json")
    taken = _read(FindingsTaken, await _sent(client, "POST", "/v1/reviews/findings", json=body))
    return sum(one.status == 201 for one in taken.items)
