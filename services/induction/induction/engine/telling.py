"""Events put together from what the engine knows. Nothing is decided here."""

from collections.abc import Sequence

from nlu_shared.schemas.events import (
    ErrorPattern,
    PartName,
    PatternsFound,
    PromptEvaluated,
    RunFinished,
    RunStarted,
    SearchStopped,
)
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.runs import WholeScore

from induction.engine import guards, left_out
from induction.engine.desk import CANCELLED, Desk
from induction.engine.evaluate import CaseBook
from induction.engine.groups import groups_of
from induction.engine.plan import Plan
from induction.engine.screen import oversized, quoted_by
from induction.engine.search import Search
from induction.engine.split import Parts
from induction.engine.unanswered import shared
from induction.engine.verdict import detectable

PATTERNS_REPORTED = 10
QUOTED_REPORTED = 5


def started(plan: Plan, parts: Parts) -> RunStarted:
    return RunStarted(
        dataset_hash=plan.dataset_hash,
        parts=parts.sizes,
        baseline_hash=plan.baseline.version_hash,
        says=[
            *parts.says,
            *_contamination(plan, parts),
            *oversized(plan.baseline),
            *guards.told(plan, parts.validation),
            *_repeats(plan, parts),
            *_power(parts),
        ],
    )


def _repeats(plan: Plan, parts: Parts) -> list[str]:
    folds = left_out.folds(plan, parts)
    return [f"the search is repeated {len(folds)} times to judge it"] if folds else []


def _power(parts: Parts) -> list[str]:
    if not parts.test:
        return []
    groups = len(groups_of(parts.test))
    return [
        f"on {groups} test groups a gain below {detectable(groups):.2f} would mostly go unseen,"
        " if a fifth of the answers change"
    ]


def _contamination(plan: Plan, parts: Parts) -> list[str]:
    held_out = () if parts.validation_is_train else parts.validation
    quoted = quoted_by(plan.baseline, parts.train, (*held_out, *parts.test))
    if not quoted:
        return []
    ids = ", ".join(str(case.id) for case in quoted[:QUOTED_REPORTED])
    more = ", …" if len(quoted) > QUOTED_REPORTED else ""
    return [
        f"the baseline quotes {len(quoted)} held-out cases: {ids}{more};"
        " the verdict leaves out the test cases among them"
    ]


def evaluated(
    plan: Plan,
    content: PromptContent,
    book: CaseBook,
    part: PartName,
    iteration: int,
    *,
    lost: int = 0,
) -> PromptEvaluated:
    score = book.scored(plan.task)
    return PromptEvaluated(
        iteration=iteration,
        part=part,
        version_hash=content.version_hash,
        objective=score.objective,
        components=dict(score.components),
        pooled=dict(score.pooled),
        carried=dict(score.carried),
        whole=_whole(plan, book),
        cases=score.cases,
        unanswered=book.unanswered,
        lost=lost,
    )


def _whole(plan: Plan, book: CaseBook) -> WholeScore | None:
    entries = book.entries.values()
    found = plan.task.whole([e.case for e in entries], [e.prediction for e in entries])
    if found is None:
        return None
    return WholeScore(
        discussions=found.cases, objective=found.objective, components=dict(found.components)
    )


def patterns(found: Sequence[ErrorPattern], iteration: int) -> PatternsFound:
    """The most frequent ones; a long tail of single mistakes would bury them."""
    return PatternsFound(iteration=iteration, patterns=list(found[:PATTERNS_REPORTED]))


def stopped(reason: str, iteration: int, best: PromptContent) -> SearchStopped:
    return SearchStopped(iteration=iteration, reason=reason, best_hash=best.version_hash)


def _with_unheard(reason: str, unheard: str | None) -> str:
    return reason if unheard is None else f"{reason}; no verdict: {unheard}"


def finished(plan: Plan, desk: Desk, search: Search | None, reason: str) -> RunFinished:
    """Both scores are on validation; None where the baseline was not evaluated in full."""
    before = after = None
    if search:
        books = shared(search.baseline_validation, search.validation)
        before, after = (book.scored(plan.task).objective for book in books)
    return RunFinished(
        status="cancelled" if desk.cancelled else "completed",
        reason=CANCELLED if desk.cancelled else _with_unheard(reason, desk.unheard),
        best_hash=(search.best if search else plan.baseline).version_hash,
        baseline_f1=before,
        final_f1=after,
    )
