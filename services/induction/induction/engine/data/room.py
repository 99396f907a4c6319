"""How long a prompt may be: what the run allows, and what the model's window leaves. Pure.

Tokens are an estimate (`nlu_shared.rendering.tokens`), which a run corrects by what its provider
counted of the baseline's requests (`scale`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from nlu_shared.rendering import framed, prompt_tokens, tokens
from nlu_shared.schemas.prompts import PromptContent

from induction.engine.plan import Plan
from induction.task_kinds.base import Task


@dataclass(frozen=True, slots=True)
class Room:
    """`most`: the tokens of all of a request but the text it asks about, as the model counts them;
    None: nobody set a bound. `scale`: tokens of the model for one of the estimate."""

    most: int | None = None
    scale: float = 1.0

    @classmethod
    def of(cls, plan: Plan, scale: float = 1.0) -> "Room":
        """The smaller of the run's own bound and of what the window leaves beside the longest case
        and the longest answer."""
        bounds = [] if plan.max_prompt_tokens is None else [plan.max_prompt_tokens]
        if plan.context_window is not None:
            longest = longest_case(plan) * scale
            left = plan.context_window - plan.task.answers.max_tokens - longest
            bounds.append(max(0, int(left)))
        return cls(min(bounds, default=None), scale)

    def counted(self, estimated: int) -> int:
        """Tokens of the model, about, for so many of the estimate."""
        return round(estimated * self.scale)

    def holds(self, estimated: int) -> bool:
        return self.most is None or self.counted(estimated) <= self.most

    def objections(self, task: Task, parent: PromptContent, candidate: PromptContent) -> list[str]:
        """Why the candidate is too long: one that is no longer than its parent never is."""
        size = prompt_tokens(candidate, task.answers)
        if self.holds(size) or size <= prompt_tokens(parent, task.answers):
            return []
        return [f"a prompt of about {self.counted(size)} tokens, and there is room for {self.most}"]


UNBOUNDED = Room()
FEWER = 1.5
"""Times fewer tokens than are estimated that models may count: of JSON above all, and of schemas
that a server holds to otherwise."""


def beyond_window(plan: Plan, prompts: Iterable[PromptContent], *, scale: float = 1.0) -> bool:
    """Whether each of these prompts alone is longer than all of the model's window, where it is
    known, however few tokens the model counts: a server would refuse it, or cut it without a word.

    plan: names the window.
    prompts: as they would be asked.
    scale: see `Room`.
    """
    if plan.context_window is None:
        return False
    room, answers = Room(plan.context_window, scale), plan.task.answers
    return not any(room.holds(int(prompt_tokens(one, answers) / FEWER)) for one in prompts)


def longest_case(plan: Plan) -> int:
    """Estimated tokens of the longest text that is asked about, framed."""
    cases = plan.cases if plan.traffic is None else plan.traffic.cases
    return max((tokens(framed(case.text, case.context)) for case in cases), default=0)
