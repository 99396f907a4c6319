"""After the search: what the best prompt can do without is taken away while it stays as good.

Coarse to fine, as in delta debugging (Zeller and Hildebrandt, IEEE TSE 28 (2002) 183-200): the
parts with the most tokens first, examples by halves, quarters and eighths in the order they came.
Each try is an iteration like any other and counts as one. All are compared with the prompt the
search found, so that margins do not add up. Nobody is asked for proposals.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from nlu_shared.rendering import bank_tokens, prompt_tokens
from nlu_shared.schemas.prompts import (
    MOST_EDITS,
    Change,
    Edit,
    Op,
    PromptContent,
    Retrieval,
    Strategy,
)
from nlu_shared.schemas.retrieval import RetrievalEdit

from induction.engine.data.folds import is_cross_validated
from induction.engine.evaluation import unanswered
from induction.engine.evaluation.paired import F1, fall
from induction.engine.evaluation.results import EvalResults
from induction.engine.plan import Plan
from induction.engine.proposal.meta_prompt import Candidate
from induction.engine.search.acceptance import Rank, broken_guards
from induction.engine.search.state import Search
from induction.engine.search.validation import Rule, proposal_event, validate
from induction.task_kinds.base import Task

TRIES = 6
"""Splits tried without, each for one look at validation."""
PATIENCE = 3
"""Refusals in a row that end the pruning."""
MARGIN = 0.02
"""How far the validation score may fall, at most, for a shorter prompt."""
SURE = 1.645
"""Standard errors: one side of 95 %."""
FINENESS = (2, 4, 8)


async def prune(search: Search) -> None:
    """Nothing where the winner is the baseline, which leaves nothing to test, nor where the search
    is cross-validated, nor in its folds. Raises Stopped."""
    in_fold = search.most_attempts is not None
    if search.is_unchanged or in_fold or is_cross_validated(search.run.plan, search.splits):
        return
    rule = _as_good(search.validation)
    refused = tries = 0
    while tries < TRIES and refused < PATIENCE and _affordable(search):
        candidate = next((one for one in _candidates(search) if _is_new(search, one)), None)
        if candidate is None:
            return
        tries += 1
        search.seen.add(candidate.content.version_hash)
        await search.run.tell(proposal_event(search, candidate))
        await validate(search, candidate, rule=rule)
        refused = 0 if search.best is candidate.content else refused + 1


def changes(
    task: Task, prompt: PromptContent, *, keep: Collection[str] | None = ()
) -> list[tuple[Change, PromptContent]]:
    """Each change that takes one part away, and the prompt it leaves: those that leave least first.

    Blocks come before examples, and those before the bank's: what leaves the bank shortens no
    request, but a prompt holds no more of anybody's texts than it needs. Protected blocks stay,
    those named in `keep` (None: all), and all that the task cannot do without.
    """
    allowed = set(task.problems(prompt))
    shorter = []
    for parts in (_blocks(prompt, keep), _examples(prompt), _bank(prompt)):
        left = [(change, _without(prompt, change)) for change in parts]
        shorter += sorted(left, key=lambda one: _size(task, one[1]))
    return [(change, after) for change, after in shorter if set(task.problems(after)) <= allowed]


def objection(plan: Plan, before: EvalResults, after: EvalResults) -> str | None:
    """Why the shorter prompt is not shown to be as good, or None. The results are on validation.

    It is when the upper end of the fall's 95 % interval (one-sided) lies within the margin: a test
    of non-inferiority (Piaggio et al., JAMA 308 (2012) 2594-2604). With few cases that takes a
    prompt that turns almost no answer. A higher score alone does not do: of several tries on the
    same few cases one scores higher by luck, and half of the examples would go for it.
    """
    if missing := unanswered.objection(before.by_case, before, after):
        return missing
    scores: dict[str, F1] = {"validation": plan.task.objective}
    if plan.focused is not None:
        scores[plan.focused.name] = plan.focused.f1
    for name, f1 in scores.items():
        change = fall(plan.task, f1, before, after)
        if change.size + SURE * change.error > MARGIN:
            return (
                f"not shown to be as good without it: {name} goes from {change.before:.4f} to"
                f" {change.after:.4f}, and a fall of more than {MARGIN:g} cannot be ruled out"
            )
    return None


def _as_good(reached: EvalResults) -> Rule:
    """The rule of pruning: as good as what the search reached, and no guard broken."""

    def rule(search: Search, _: Rank, __: Rank, validation: EvalResults) -> str | None:
        plan = search.run.plan
        worse = objection(plan, reached, validation)
        broken = broken_guards(plan, search.baseline_validation, validation)
        return "; ".join([*([worse] if worse else []), *broken]) or None

    return rule


def _affordable(search: Search) -> bool:
    """Whether a try leaves what the end of the run takes, in iterations and in calls: the final
    evaluation is reserved, and the training cases are asked for the winner's score on all."""
    if search.progress.iterations >= search.run.plan.max_iterations:
        return False
    return search.run.affords(len(search.splits.validation) + len(search.splits.train))


def _candidates(search: Search) -> Iterator[Candidate]:
    plan = search.run.plan
    keep = plan.kept_blocks if plan.prunes_blocks else None
    for change, content in changes(plan.task, search.best, keep=keep):
        yield Candidate(change, content)


def _is_new(search: Search, candidate: Candidate) -> bool:
    known = search.memory.objection(candidate.change, search.best)
    return known is None and candidate.content.version_hash not in search.seen


def _blocks(prompt: PromptContent, keep: Collection[str] | None) -> Iterator[Change]:
    if keep is None or len(prompt.instructions) == 1:
        return
    for block in prompt.instructions:
        if not block.protected and block.name not in keep:
            edit = Edit(op=Op.REMOVE_BLOCK, block=block.name)
            yield _change(Strategy.INSTRUCTIONS, f"block {block.name!r}", [edit])


def _examples(prompt: PromptContent) -> Iterator[Change]:
    size = len(prompt.examples)
    for first, end in _ranges(size):
        if end - first > MOST_EDITS:
            continue
        edits = [Edit(op=Op.REMOVE_EXAMPLE, example=index) for index in range(first, end)]
        what = f"examples {first + 1} to {end}" if end - first > 1 else f"example {end}"
        yield _change(Strategy.EXAMPLES, f"{what} of {size}", edits)


def _bank(prompt: PromptContent) -> Iterator[Change]:
    if prompt.retrieval is None:
        return
    settings, size = prompt.retrieval.settings.model_dump(), len(prompt.bank)
    for first, end in _ranges(size):
        if end - first < size:
            kept = (*range(first), *range(end, size))
            edit = Edit(op=Op.SET_RETRIEVAL, retrieval=RetrievalEdit(**settings, kept=kept))
            what = f"examples {first + 1} to {end} of {size} in the bank"
            yield _change(Strategy.EXAMPLES, what, [edit])


def _ranges(size: int) -> Iterator[tuple[int, int]]:
    """Halves, quarters and eighths of so many things, each once."""
    ranges = set[tuple[int, int]]()
    for parts in FINENESS:
        for first, end in pairwise(part * size // parts for part in range(parts + 1)):
            if first < end and (first, end) not in ranges:
                ranges.add((first, end))
                yield first, end


def _size(task: Task, prompt: PromptContent) -> tuple[int, int]:
    return prompt_tokens(prompt, task.answers), bank_tokens(prompt, task.answers)


def _change(strategy: Strategy, what: str, edits: Sequence[Edit]) -> Change:
    return Change(strategy=strategy, rationale=f"Pruning: without {what}.", edits=tuple(edits))


def _without(prompt: PromptContent, change: Change) -> PromptContent:
    blocks = {edit.block for edit in change.edits}
    indices = {edit.example for edit in change.edits if edit.example is not None}
    return PromptContent(
        instructions=tuple(block for block in prompt.instructions if block.name not in blocks),
        examples=tuple(one for at, one in enumerate(prompt.examples) if at not in indices),
        retrieval=_left(prompt, change),
    )


def _left(prompt: PromptContent, change: Change) -> Retrieval | None:
    kept = [edit.retrieval.kept for edit in change.edits if edit.retrieval is not None]
    if prompt.retrieval is None or not kept:
        return prompt.retrieval
    bank = tuple(prompt.bank[at] for at in kept[0])
    return prompt.retrieval.model_copy(update={"bank": bank})
