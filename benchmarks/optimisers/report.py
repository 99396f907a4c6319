"""The tables: hidden-test F1 by method and budget, and what our verdicts said."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import mean, stdev

from benchmarks.optimisers.methods import OURS, PLAIN
from benchmarks.optimisers.rounds import OF_NOTE, Result

NO_EVIDENCE = (
    "The task model and the proposer are the shipped offline learner. It is not a language model:"
    " an offline learner is no evidence about Claude."
)
RULES = (
    "Every method gets the same labelled cases, the same model and the same number of task calls;"
    " the hidden test is outside the budget for all. Ours sets aside an untouched test part of the"
    " labelled cases and pays for its final look out of its budget; the peers divide the labelled"
    " cases 80/20 and look at no test."
)
SIGNIFICANT = 0.05


def told(results: Sequence[Result], unmeasured: Sequence[str]) -> str:
    by_variant: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_variant[result.variant].append(result)
    parts = [NO_EVIDENCE, RULES, _table(by_variant.pop(PLAIN.name, []))]
    parts += [_difficulty(name, found) for name, found in by_variant.items()]
    if unmeasured:
        parts.append(f"Not measured, since not installed: {', '.join(unmeasured)}.")
    return "\n\n".join(parts)


def _table(results: Iterable[Result]) -> str:
    """Mean, deviation and minimum over the seeds; and what it took."""
    groups: dict[tuple[int, str], list[Result]] = defaultdict(list)
    for result in results:
        groups[result.budget, result.method].append(result)
    lines = [f"{'calls':>5}  {'method':<36} mean   sd     min    proposals  examples  tokens"]
    for (budget, method), found in sorted(groups.items()):
        scores = [result.f1 for result in found]
        lines.append(
            f"{budget or '-':>5}  {method:<36} {_spread(scores)}"
            f"  {mean(r.proposals for r in found):>9.0f}  {mean(r.examples for r in found):>8.0f}"
            f"  {mean(r.tokens for r in found):>6.0f}"
        )
    return "\n".join([*lines, *_aims(groups)])


def _aims(groups: dict[tuple[int, str], list[Result]]) -> list[str]:
    """Ours beside the best of the others at each budget, seed by seed."""
    lines = []
    budgets = sorted({budget for budget, method in groups if method == OURS and budget != OF_NOTE})
    for budget in budgets:
        others = {m: g for (b, m), g in groups.items() if b == budget and m != OURS}
        if others:
            lines.append(_beside(groups[budget, OURS], others, f"at {budget} calls"))
    if budgets and (
        best := {m: g for (b, m), g in groups.items() if b == budgets[-1] and m != OURS}
    ):
        where = f"with {OF_NOTE} calls, theirs with {budgets[-1]}"
        lines.append(_beside(groups[OF_NOTE, OURS], best, where))
    return lines


def _beside(ours: list[Result], others: dict[str, list[Result]], where: str) -> str:
    best = max(others, key=lambda method: mean(result.f1 for result in others[method]))
    theirs = {result.seed: result.f1 for result in others[best]}
    gaps = [result.f1 - theirs[result.seed] for result in ours]
    return (
        f"ours {where}: {mean(gaps):+.3f} beside the best peer ({best}),"
        f" ahead on {sum(gap > 0 for gap in gaps)} of {len(gaps)} seeds"
    )


def _difficulty(name: str, results: Sequence[Result]) -> str:
    lines = [f"{name}, ours:"]
    for budget in sorted({result.budget for result in results}):
        found = [result for result in results if result.budget == budget]
        kinds = Counter(str(r.verdict.kind) if r.verdict else "none" for r in found)
        worse = [result for result in found if result.p_worse < SIGNIFICANT]
        claimed = [r for r in worse if r.verdict and r.verdict.kind in ("proven", "promising")]
        lines.append(
            f"{budget:>5}  baseline {_spread([r.baseline for r in found])}"
            f"  ours {_spread([r.f1 for r in found])};"
            f" below the baseline by more than chance in {len(worse)} of {len(found)} runs,"
            f" {len(claimed)} of them with a claim; verdicts: "
            + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        )
    return "\n".join(lines)


def _spread(scores: Sequence[float]) -> str:
    deviation = stdev(scores) if len(scores) > 1 else 0.0
    return f"{mean(scores):.3f}  {deviation:.3f}  {min(scores):.3f}"
