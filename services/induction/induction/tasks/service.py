"""Making and finding tasks."""

from nlu_shared.kit.errors import Conflict, Invalid, NotFound
from nlu_shared.schemas.prompts import TaskIn, TaskKind
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.tasks.models import TaskRow


async def create(session: AsyncSession, spec: TaskIn) -> tuple[TaskRow, bool]:
    """The task's row and whether it is new. The same task again is no error; another is."""
    check(spec)
    known = await session.get(TaskRow, spec.slug)
    if known is not None:
        if known.spec() != spec:
            raise Conflict("A different task has this slug.")
        return known, False
    plain = spec.model_dump(mode="json")
    row = TaskRow(**plain)
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row, True


def check(spec: TaskIn) -> None:
    """Raises Invalid under two labels of an intent, and where one label stands twice."""
    names = [label.name for label in spec.labels]
    if spec.kind is TaskKind.INTENT and len(names) < 2:
        raise Invalid("An intent task needs at least two labels.")
    if len(set(names)) != len(names):
        raise Invalid("A label stands twice.")


async def get(session: AsyncSession, slug: str) -> TaskRow:
    row = await session.get(TaskRow, slug)
    if row is None:
        raise NotFound("There is no such task.", code="unknown_task")
    return row


async def list_all(session: AsyncSession) -> list[TaskRow]:
    return list((await session.exec(select(TaskRow).order_by(col(TaskRow.slug)))).all())
