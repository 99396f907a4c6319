"""The door to nlu-logger: reads approved ground truth, whole or not at all, and what to forget;
tells it which truths are doubted."""

import json
from dataclasses import dataclass
from uuid import UUID

import httpx2
from nlu_shared.kit.errors import Unavailable
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.ground_truth import GroundTruthCase, StreamEnd, dataset_hash
from nlu_shared.schemas.privacy import ErasedCase
from nlu_shared.schemas.queues import FindingsIn, FindingsTaken
from pydantic import ValidationError


class UpstreamAway(Unavailable):
    code = "nlu_logger_away"
    title = "nlu-logger cannot be read"


class AnotherList(Exception):
    """nlu-logger's list of erased cases is not the one that was read: a backup was set back."""


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """All approved cases of a task, in id order, and the hash nlu-logger gave them."""

    cases: tuple[GroundTruthCase, ...]
    dataset_hash: str


async def fetch(client: httpx2.AsyncClient, task: str) -> GroundTruth:
    """Raises UpstreamAway where nlu-logger is away, refuses the key, or the stream was cut."""
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
    return GroundTruth(cases=tuple(cases), dataset_hash=end.sha256)


async def fetch_erased(
    client: httpx2.AsyncClient, *, after: int, mark: UUID | None = None
) -> list[ErasedCase]:
    """The next cases to forget after number `after`, which had this mark, in order.

    Raises AnotherList, UpstreamAway.
    """
    params = {"after": str(after)} | ({"mark": str(mark)} if mark else {})
    try:
        response = await client.get("/v1/ground-truth/erased", params=params)
    except httpx2.HTTPError as away:
        raise UpstreamAway("nlu-logger cannot be reached.") from away
    if response.status_code == 409:
        raise AnotherList
    if response.status_code != 200:
        raise UpstreamAway(f"nlu-logger answered {response.status_code}.")
    try:
        return Page[ErasedCase].model_validate_json(response.content).items
    except ValidationError as unreadable:
        raise UpstreamAway("nlu-logger's answer cannot be read.") from unreadable


async def tell_findings(client: httpx2.AsyncClient, findings: FindingsIn) -> int:
    """How many of them were new; those about cases that are gone are lost with them.

    Raises UpstreamAway where nlu-logger is away or does not take them.
    """
    try:
        response = await client.post("/v1/reviews/findings", json=findings.model_dump(mode="json"))
    except httpx2.HTTPError as away:
        raise UpstreamAway("nlu-logger cannot be reached.") from away
    if response.status_code != 200:
        raise UpstreamAway(f"nlu-logger answered {response.status_code}.")
    try:
        taken = FindingsTaken.model_validate_json(response.content)
    except ValidationError as unreadable:
        raise UpstreamAway("nlu-logger's answer cannot be read.") from unreadable
    return sum(one.status == 201 for one in taken.items)
