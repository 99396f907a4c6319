"""What an operator asks of a run, held against its task and its baseline. Pure."""

from typing import Any

from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.runs import RunRequest
from nlu_shared.schemas.steering import Approvals, Unanswered
from nlu_shared.schemas.tasks import TaskSpec

from induction.engine.plan import Plan
from induction.providers import Provider
from induction.task_kinds.registry import task_of
from induction.tasks.components import UNKNOWN_COMPONENT, unknown_components
from induction.tasks.models import TaskRow


def defaults_of(request: RunRequest, task: TaskRow) -> dict[str, Any]:
    """What the task says where the request does not; its guards hold beside the request's."""
    names = ("retrieval", "batches", *Approvals.model_fields)
    requested = request.model_dump(mode="json", include=set(names))
    chosen = {
        name: getattr(task, name) if requested[name] is None else requested[name] for name in names
    }
    aim = task.spec().objective
    focus = aim.focus if request.focus is None else request.focus
    return chosen | {"focus": focus, "guards": aim.guards | request.guards}


def batched(
    chosen: bool, *, is_asked_for: bool, provider: Provider, model: str
) -> tuple[bool, str]:
    """Whether a run asks in batches, and what it notes where it cannot though its task says so.
    Raises Invalid where the run itself says so."""
    if not chosen or provider.takes_batches:
        return chosen, ""
    without = f"The provider of {model} takes no Message Batches"
    if is_asked_for:
        raise Invalid(
            f"{without}: only those that speak the Messages API do. Leave `batches` out.",
            code="no_batches",
        )
    return False, f"{without}: its calls go one by one, at their full price."


def require_known(spec: TaskSpec, request: RunRequest, baseline: PromptContent) -> None:
    """Raises Invalid unless the task has every component that is to be focused on or guarded, and
    the baseline every block that is pinned."""
    task = task_of(spec)
    if faults := unknown_components(task, request, ["body"]):
        raise Invalid(
            "Focus or a guard names what the task does not have.",
            code=UNKNOWN_COMPONENT,
            errors=faults,
        )
    if unknown_components(task, spec.objective, []):
        raise Invalid(
            "The task's objective names what the task does not have any more: PATCH"
            " /v1/tasks/{slug} with another `objective`.",
            code=UNKNOWN_COMPONENT,
        )
    blocks = [block.name for block in baseline.instructions]
    if unknown := [name for name in request.pins if name not in blocks]:
        raise Invalid(
            f"The baseline has no block {', '.join(unknown)}. It has: {', '.join(blocks)}.",
            code="unknown_block",
        )


def notes(plan: Plan) -> list[str]:
    """What follows for a run from how it is steered."""
    lines: list[str] = []
    if plan.may_remove_blocks and not plan.prunes_blocks:
        lines.append(
            "The offline model reads no instructions: pruning takes examples away, no blocks."
        )
    if plan.pins:
        lines.append(f"No change edits {', '.join(sorted(plan.pins))}: pinned.")
    if plan.approval is not None:
        then = {Unanswered.KEEP: "kept", Unanswered.VETO: "vetoed"}[plan.approval.unanswered]
        lines.append(
            f"Each change that is to be kept waits for a person, up to {plan.approval.minutes:g}"
            f" minutes, which count into no limit; unanswered it is {then}."
        )
    return lines
