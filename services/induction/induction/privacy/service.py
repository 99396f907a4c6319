"""Forgetting a case: out of snapshots, ledger and history; prompts that quote it are listed.

What is not touched, because it would change what serves: the contents of prompt versions.
`quoted_in` names the versions; a person decides. Runs that start later remember no change that made
one of them (see `ideas`). Of runs that are over and had to do with the case, the events, hints,
inbox readings and notes that repeat it are blanked, each text by its hash (see `repeating`).
"""

import asyncio
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from uuid import UUID

from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.errors import NotFound
from nlu_shared.rendering import render_parts, rendered
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.privacy import ErasedCase, ForgottenCase, Why
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.runs import RunStatus
from pydantic import JsonValue
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.cases import service as cases
from induction.cases.models import SnapshotCaseRow
from induction.engine.data.folding import folded
from induction.engine.leak_guard import prompt_texts
from induction.engine.leak_guard.names import names_in
from induction.privacy import queries
from induction.privacy.repeating import Repeats, repeats_any
from induction.prompts.models import PromptVersionRow
from induction.runs import cancelling
from induction.runs.models import RunRow
from induction.runs.starting.planning import asks_unkept_prompts, questions_of
from induction.task_kinds.base import Outcome
from induction.tasks import service as tasks

# The outcome keeps other runs from taking the answer over. Of prompts that nobody kept all go.
BLANK_ANSWERS = """
UPDATE llm_calls SET text = NULL, text_hash = NULL, outcome = :forgotten
WHERE run_id = ANY(:runs) AND outcome IS DISTINCT FROM :forgotten
    AND (key = ANY(:keys) OR purpose = 'task' AND run_id = ANY(:unkept))
RETURNING 1
"""
ANSWERS = """
SELECT DISTINCT key, text FROM llm_calls WHERE run_id = ANY(:runs) AND text IS NOT NULL
"""
SAID_ELSEWHERE = """
SELECT DISTINCT name FROM unnest(CAST(:names AS text[])) AS name
JOIN snapshot_cases ON task = :task AND case_id <> :case_id AND text ILIKE '%' || name || '%'
"""
DONE = """
UPDATE forgotten_cases SET forgotten_at = now(), snapshots = :snapshots, answers = :answers,
    quoted_in = :quoted_in
WHERE mark = :mark
"""
# Read before there were marks: the same number and case are the same line.
MARK = """
UPDATE forgotten_cases SET mark = :mark
WHERE mark = :mark OR mark IS NULL AND n = :n AND case_id = :case_id
RETURNING n
"""
LEARN = """
INSERT INTO forgotten_cases (n, mark, case_id, task, why)
VALUES (:n, :mark, :case_id, :task, :why) ON CONFLICT DO NOTHING
"""
SHOWN = "n, mark, case_id, task, why, forgotten_at, snapshots, answers, quoted_in"


@dataclass(frozen=True, slots=True)
class Position:
    """The last line of nlu-logger's list that was read, and its mark."""

    n: int
    mark: UUID | None


START = Position(0, None)


async def read_up_to(session: AsyncSession) -> Position:
    """Where in nlu-logger's list reading goes on."""
    row = (await session.execute(text("SELECT n, mark FROM erased_read"))).one()
    return Position(row.n, row.mark)


async def learn(session: AsyncSession, read: Position, erased: Sequence[ErasedCase]) -> None:
    """Writes down what is to be forgotten; nothing where another worker has read on meanwhile."""
    if not erased or not await _go_on(session, read, Position(erased[-1].n, erased[-1].mark)):
        return
    for case in erased:
        known = await session.execute(text(MARK), case.model_dump(include={"n", "mark", "case_id"}))
        if known.one_or_none() is None:
            await session.execute(text(LEARN), case.model_dump(exclude={"at"}))


async def start_over(session: AsyncSession, read: Position) -> None:
    """The list was set back: all of it is read again, and what nlu-logger was told is told again.

    What is known by its mark is not forgotten twice, since it may have been approved anew.
    """
    if await _go_on(session, read, START):
        await session.execute(text("UPDATE runs SET findings_sent_at = NULL"))


async def _go_on(session: AsyncSession, read: Position, to: Position) -> bool:
    """False where somebody else has read on from here."""
    moved = await session.execute(
        text(
            """
            UPDATE erased_read SET n = :n, mark = :mark
            WHERE n = :from_n AND mark IS NOT DISTINCT FROM CAST(:from_mark AS uuid) RETURNING n
            """
        ),
        {"n": to.n, "mark": to.mark, "from_n": read.n, "from_mark": read.mark},
    )
    return moved.one_or_none() is not None


async def pending(session: AsyncSession) -> list[ForgottenCase]:
    """What is to be forgotten still, the oldest first."""
    rows = await session.execute(
        text(f"SELECT {SHOWN} FROM forgotten_cases WHERE forgotten_at IS NULL ORDER BY heard")  # noqa: S608
    )
    return [ForgottenCase.model_validate(dict(row._mapping)) for row in rows]


async def forget(session: AsyncSession, case: ForgottenCase) -> bool:
    """Blanks what holds the case's text; False while a run that uses it is active.

    A run is ended for an erased case; for one that was removed or anonymised its end is awaited.
    No run can start on the case meanwhile.
    """
    await cases.hold_alone(session)
    if await queries.is_forgotten(session, case.mark):  # by another worker, whose receipt stands
        return True
    copies = await cases.copies(session, case.task, case.case_id)
    case_texts = {one.text for one in copies}
    prompts = await _prompts(session, case.task)
    repeats = repeats_any(case_texts, await _own_names(session, case, copies))
    quoting = await asyncio.to_thread(
        lambda: {
            id for id, one in prompts.items() if quotes(one, case.case_id, case_texts, repeats)
        }
    )
    quoted_in = sorted(quoting | await queries.ensembles_of(session, quoting))
    users = await _users(session, case.task, {one.dataset_hash for one in copies}, quoted_in)
    active = [run for run in users if not RunStatus(run.status).over]
    if active:
        for run in active if case.why is Why.ERASED else ():
            await cancelling.cancel(session, run.id)
        return False
    runs_of = [run.id for run in users]
    answers = await session.execute(
        text(BLANK_ANSWERS),
        {
            "runs": runs_of,
            "unkept": [run.id for run in users if asks_unkept_prompts(run)],
            "keys": await _keys(session, case.task, prompts.values(), copies, users)
            + await _repeating(session, runs_of, repeats),
            "forgotten": Outcome.FORGOTTEN.value,
        },
    )
    await queries.blank_history(session, case, runs_of, quoted_in, repeats)
    await cases.blank(session, copies)
    await session.execute(
        text(DONE),
        {
            "mark": case.mark,
            "snapshots": len(copies),
            "answers": len(answers.all()),
            "quoted_in": quoted_in,
        },
    )
    return True


async def page(
    session: AsyncSession, *, caller: Caller, after: int, limit: int
) -> Page[ForgottenCase]:
    """What was forgotten of the caller's tasks or is to be, in the order in which it was heard
    of."""
    rows = await session.execute(
        text(
            f"""
            SELECT heard, {SHOWN} FROM forgotten_cases
            WHERE heard > :after AND (CAST(:own AS text[]) IS NULL OR task = ANY(:own))
            ORDER BY heard LIMIT :limit
            """  # noqa: S608
        ),
        {
            "after": after,
            "limit": limit + 1,
            "own": caller.task_list,
        },
    )
    page, cursor = cut(rows.mappings().all(), limit, itemgetter("heard"))
    return Page(
        items=[
            ForgottenCase.model_validate({k: v for k, v in row.items() if k != "heard"})
            for row in page
        ],
        next_cursor=cursor,
    )


async def _prompts(session: AsyncSession, task: str) -> dict[UUID, PromptContent]:
    """Every version's prompt, by id; ensembles have none."""
    versions = await session.exec(select(PromptVersionRow).where(PromptVersionRow.task == task))
    return {version.id: version.prompt() for version in versions if version.ensemble() is None}


async def _users(
    session: AsyncSession, task: str, snapshots: Iterable[str], quoted_in: Sequence[UUID]
) -> Sequence[RunRow]:
    """Runs on a snapshot with the case, and those that remember a change which quotes it."""
    remembering = text(
        """
        EXISTS (SELECT FROM jsonb_array_elements(remembered) AS one
        WHERE CAST(one->>'version_id' AS uuid) = ANY(:quoted_in))
        """
    ).bindparams(quoted_in=quoted_in)
    uses = col(RunRow.dataset_hash).in_(snapshots) | remembering
    return (await session.exec(select(RunRow).where(RunRow.task == task, uses))).all()


async def _keys(
    session: AsyncSession,
    slug: str,
    prompts: Collection[PromptContent],
    copies: Sequence[SnapshotCaseRow],
    users: Sequence[RunRow],
) -> list[str]:
    """The ledger knows a question by its hash alone: each that may have been asked is asked for, as
    before prompts said the shape of an answer too."""
    try:
        spec = (await tasks.get(session, slug)).spec()
    except NotFound:  # nlu-logger knows tasks that nobody optimises
        return []
    requests = [
        render_parts(form, one.text, cases.context_of(one), model=model)
        for task, model in questions_of(spec, users)
        for form in (rendered(prompt, task.answers) for prompt in prompts)
        for one in copies
    ]
    return [form.key for r in requests for form in (r, replace(r, system=r.system[:-1]))]


def quotes(
    prompt: PromptContent, case_id: UUID, case_texts: Iterable[str], repeats: Repeats
) -> bool:
    """Whether the prompt has the case as an example, or says one of its texts anywhere."""
    shown = [
        prompt.instruction_text,
        *(text for example in prompt.all_examples for text in prompt_texts.texts_of(example)),
    ]
    return any(example.case_id == case_id for example in prompt.all_examples) or any(
        repeats(text) or any(one in text for one in case_texts) for text in shown
    )


async def _own_names(
    session: AsyncSession, case: ForgottenCase, copies: Sequence[SnapshotCaseRow]
) -> set[str]:
    """The names in the case, folded, that no other case of the task holds."""
    names = {name for one in copies for name in names_in(one.text)}
    rows = await session.execute(
        text(SAID_ELSEWHERE),
        {"names": sorted(names), "task": case.task, "case_id": case.case_id},
    )
    elsewhere = {row.name for row in rows}
    return {folded(name) for name in names - elsewhere}


async def _repeating(session: AsyncSession, runs_of: Sequence[UUID], repeats: Repeats) -> list[str]:
    """The keys of answers that repeat the case anywhere in their JSON or prose."""
    rows = (await session.execute(text(ANSWERS), {"runs": runs_of})).all()

    def repeating() -> list[str]:
        return [
            row.key
            for row in rows
            if repeats(row.text) or any(map(repeats, prompt_texts.strings(_json(row.text))))
        ]

    return await asyncio.to_thread(repeating)


def _json(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value
