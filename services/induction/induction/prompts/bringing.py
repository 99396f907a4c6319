"""Prompts from outside: blocks and examples, a text, or a module that is read and never run."""

import asyncio
from uuid import UUID

from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.promotions import PromotionIn
from nlu_shared.schemas.prompts import Block, PromptContent, VersionSource
from nlu_shared.schemas.registry import PromptImport
from nlu_shared.schemas.tasks import TaskSpec
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.prompts import proposals, service
from induction.prompts.handwritten import UnreadableModule
from induction.prompts.models import PromptVersionRow
from induction.prompts.reading import ReadPrompt, read_module
from induction.task_kinds.objections import summed
from induction.task_kinds.registry import task_of


async def bring_in(
    session: AsyncSession,
    spec: TaskSpec,
    request: PromptImport,
    *,
    model: str,
    by: str,
    parent_id: UUID | None = None,
) -> tuple[PromptVersionRow, bool]:
    """Stores a prompt from outside and whether it is new; equal prompts are one version, as long as
    the task's labels are the same. `model` is the service's own, for a task that names none;
    `parent_id` the version that was edited, where one was.

    Raises Invalid for a prompt the task cannot be served with, and says why, and what
    `proposals.promote` raises.
    """
    slug, task = spec.slug, task_of(spec)
    read = await asyncio.to_thread(_read, request) or ReadPrompt(task.baseline())
    content = read.content
    problems = task.problems(content)
    if problems:
        raise Invalid("; ".join(summed(problems)), code="unusable_prompt")
    version, is_new = await service.ensure(
        session,
        slug,
        content,
        source=VersionSource.IMPORT,
        answers=task.answers,
        model=spec.task_model or model,
        parent_id=parent_id,
        constants=read.constants,
        notes=request.notes,
    )
    if request.promote:
        order = PromotionIn(version_hash=version.version_hash, reason=request.notes)
        await proposals.promote(session, slug, version.id, order, by=by)
    return version, is_new


def _read(request: PromptImport) -> ReadPrompt | None:
    sources = [one for one in (request.content, request.text, request.module) if one is not None]
    if len(sources) > 1:
        raise Invalid("Give content, text or module, one of them.")
    if request.module is not None:
        try:
            return read_module(request.module)
        except UnreadableModule as unreadable:
            raise Invalid(str(unreadable), code="unreadable_module") from None
    if request.text is not None:
        block = Block(name="instructions", text=request.text)
        return ReadPrompt(PromptContent(instructions=(block,)))
    return None if request.content is None else ReadPrompt(request.content, request.constants)
