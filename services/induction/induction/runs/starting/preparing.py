"""A start before it is stored: all that can be refused, and the row as it would be."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.runs import RunKind, RunRequest, RunStatus
from sqlmodel.ext.asyncio.session import AsyncSession

from induction import upstream
from induction.cases import service as cases
from induction.engine import ENGINE_VERSION
from induction.history import failures
from induction.pricing import service as pricing
from induction.prompts import service as prompts
from induction.prompts.models import PromptVersionRow
from induction.runs.models import RunRow
from induction.runs.queries import looks
from induction.runs.starting.planning import limits_of, obstacles
from induction.runs.starting.standing_in import remark
from induction.runs.steering import batched, defaults_of, require_known
from induction.runs.truths import LeftOut
from induction.settings import Settings
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks
from induction.tasks.models import TaskRow

FIRST_MEMBER = (
    "An ensemble serves: its first member is asked, since the same model answers all of them."
)

NO_TRUTH = "The task has no approved ground truth."
NOTHING_LOGGED = "The task has neither approved ground truth nor a logged prediction."


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    row: TaskRow
    baseline_id: UUID
    task_model: str
    proposer_model: str
    notes: tuple[str, ...]  # on its models


async def check(session: AsyncSession, settings: Settings, request: RunRequest) -> CheckedRequest:
    """All that can be refused without the ground truth."""
    row = await tasks.get(session, request.task)
    tasks.require_current(row)
    serving_id = await prompts.production_id(session, request.task)
    baseline_id = request.prompt_version or serving_id or next(iter(request.members), None)
    if baseline_id is None:
        raise Invalid("Import a prompt and promote it, or name a version.", code="no_baseline")
    baseline = await prompts.get(session, request.task, baseline_id)
    ensemble = baseline.ensemble() if baseline_id == serving_id else None
    is_of_one = ensemble is not None and request.kind is RunKind.CANARY
    if ensemble is not None and is_of_one:
        baseline_id = ensemble.members[0].version_id
        baseline = await prompts.get(session, request.task, baseline_id)
    baseline.prompt()
    await _require_candidate(session, request, baseline)
    await _require_members(session, request)
    task_model = request.models.task or row.task_model or settings.task_model
    proposer_model = request.models.proposer or row.proposer_model or settings.proposer_model
    compared = [settings.models_of.of(one) for one in (task_model, *request.to_models)]
    if len(set(compared)) < len(compared):
        raise Invalid("A migration to the task's own model, or twice to one.", code="same_model")
    new = {f"to_models.{number}": model for number, model in enumerate(request.to_models)}
    await pricing.require(session, settings, new)
    models = (task_model, proposer_model, *request.to_models)
    notes = await pricing.remarks(session, settings, models)
    notes += (FIRST_MEMBER,) if is_of_one else ()
    return CheckedRequest(row, baseline_id, task_model, proposer_model, notes)


async def _require_candidate(
    session: AsyncSession, request: RunRequest, baseline: PromptVersionRow
) -> None:
    """Raises NotFound, IsEnsemble, Invalid."""
    tried = await prompts.candidate(session, request.task, request.candidate)
    if tried is not None and tried.version_hash == baseline.version_hash:
        raise Invalid("The version to try is what the run begins with.", code="same_prompt")


async def _require_members(session: AsyncSession, request: RunRequest) -> None:
    """Raises NotFound, IsEnsemble, Invalid."""
    members = await prompts.members_of(session, request.task, request.members)
    if len({one.version_hash for one in members.values()}) < len(members):
        raise Invalid("Two members are the same prompt.", code="same_member")


async def prepared(
    session: AsyncSession,
    settings: Settings,
    request: RunRequest,
    truth: upstream.GroundTruth,
    *,
    predictions: int = 0,
) -> tuple[RunRow, Sequence[LeftOut]]:
    """The row of this start, not yet stored, and the truths it leaves out.

    session: reads the task, its prompts and what runs before found.
    settings: what a request leaves open.
    request: the order.
    truth: the ground truth of now.
    predictions: logged ones that it is about; 0: it is about approved cases.
    """
    checked = await check(session, settings, request)
    checked.row.copy_labels(truth.labels)
    spec = checked.row.held_to(truth.labels)
    if not truth.cases and not predictions:
        raise Invalid(NOTHING_LOGGED if request.agreement else NO_TRUTH, code="no_ground_truth")
    baseline = (await prompts.get(session, request.task, checked.baseline_id)).prompt()
    require_known(spec, request, baseline)
    chosen = defaults_of(request, checked.row)
    chosen["batches"], unbatched = batched(
        chosen["batches"],
        is_asked_for=bool(request.batches),
        provider=settings.models_of.provider(checked.task_model),
        model=checked.task_model,
    )
    tasks.require_enough(spec)
    own = tuple(map(cases.case_of, truth.cases))
    learns = request.kind is RunKind.IMPROVE
    is_changed = learns or (request.kind is RunKind.MIGRATE and request.optimise)
    out, notes = await asyncio.to_thread(obstacles, spec, own, baseline, is_changed=is_changed)
    stood_in = remark(request, approved=len(truth.cases), logged=predictions)
    row = RunRow(
        id=uuid7(),
        task=request.task,
        kind=request.kind.value,
        trigger_type=request.trigger_type.value,
        status=RunStatus.WAITING.value,
        limits=limits_of(request, checked.row.max_prompt_tokens, canary_usd=settings.canary_usd),
        hints=list(request.hints),
        pins=list(request.pins),
        candidate_version_id=request.candidate,
        **chosen,
        **request.model_dump(
            mode="json",
            include={
                *("proposals", "folds", "seed", "may_remove_blocks"),
                *("to_models", "margin", "optimise", "agreement", "members"),
            },
        ),
        task_model=checked.task_model,
        proposer_model=checked.proposer_model,
        provider=settings.models_of.identity(checked.task_model),
        engine_version=ENGINE_VERSION,
        dataset_hash=truth.dataset_hash,
        dataset_size=len(truth.cases),
        predictions=predictions or None,
        baseline_version_id=checked.baseline_id,
        scorer=task_of(spec).scorer,
        labels=[one.model_dump(mode="json") for one in spec.labels],
        labels_version=checked.row.labels_version,
        left_out=[one.plain() for one in out],
        notes=[*stood_in, *notes, *checked.notes, *filter(None, [unbatched])],
        remembered=await failures.to_remember(session, settings, request.task) if learns else [],
        looks=await looks(session, request.task, request.kind, on_traffic=bool(predictions)),
    )
    return row, out
