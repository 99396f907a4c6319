"""Reading and defining a task's label set."""

from collections.abc import Sequence

from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller, own_task
from nlu_shared.kit.errors import Conflict
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.labels import LabelSet, LabelSetIn, LabelSetVersion, LabelSpec
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.label_sets import service as label_sets
from nlu_logger.label_sets.policy import MOST_OFFERED, LabelTwice, twice


class AnotherVersion(Conflict):
    code = "another_version"
    title = "The label set has changed since it was read"


class LabelInUse(Conflict):
    code = "label_in_use"
    title = "Approved truths carry a label that this set lacks"


async def read(session: AsyncSession, task: str, *, caller: Caller) -> LabelSet:
    """As it stands. Raises Forbidden."""
    own_task(caller, task)
    return await label_sets.current(session, task, caller=caller)


async def read_version(
    session: AsyncSession, task: str, version: int, *, caller: Caller
) -> LabelSet:
    """As it stood. Raises Forbidden, and NotFound for a version that never was."""
    own_task(caller, task)
    return await label_sets.at(session, task, version)


async def versions(
    session: AsyncSession, task: str, *, before: int | None, limit: int, caller: Caller
) -> Page[LabelSetVersion]:
    own_task(caller, task)
    return await label_sets.versions(session, task, before=before, limit=limit)


async def define(session: AsyncSession, task: str, body: LabelSetIn, *, caller: Caller) -> LabelSet:
    """The set as the next version; unchanged where it is the same.

    Raises Forbidden, LabelTwice for a set that contradicts itself, AnotherVersion where it was
    made from another one, LabelInUse.
    """
    own_task(caller, task)
    if faults := twice(body.labels):
        raise LabelTwice("Each name and each alias stands once in a set.", errors=faults)
    await ground_truth.lock(session)
    known = await label_sets.current(session, task, caller=caller)
    if body.replaces not in (None, known.version):
        raise AnotherVersion(f"It is version {known.version} now; read it again.")
    if known.version and known.labels == body.labels:
        return known
    _keep(await label_sets.seen(session, task), body.labels)
    version = known.version + 1
    await label_sets.store(session, task, version, body.labels, caller=caller)
    await audit.record(
        session,
        actor=caller.subject,
        action="labels.define",
        subject=task,
        version=version,
        labels=len(body.labels),
    )
    return await label_sets.at(session, task, version)


def _keep(in_use: Sequence[str], labels: Sequence[LabelSpec]) -> None:
    left_out = sorted(set(in_use) - {one.name for one in labels})
    if left_out:
        raise LabelInUse(
            "Keep these as `retired`, or rename them first: POST …/labels/{label}/rename.",
            labels=left_out[:MOST_OFFERED],
        )
