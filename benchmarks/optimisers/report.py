"""The tables: hidden-test F1 by method and budget, and what our verdicts said."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import mean, stdev

from benchmarks.optimisers.methods import OURS, PEERS, PLAIN, RAISED, UNTESTED
from benchmarks.optimisers.rounds import OF_NOTE, Result

NO_EVIDENCE = (
    "The task model and the proposer are the shipped offline learner. It is not a language model:"
    " an offline learner is no evidence about Claude."
)
PROPOSER_ONLY = (
    "The task model is SmolLM2-135M-Instruct at temperature 0, the proposer the shipped offline"
    " learner, which is no language model."
)
RULES = (
    "Every method gets the same labelled cases, the same model and the same number of task calls;"
    " the hidden test is outside the budget for all. Ours sets a fifth of the labelled cases aside"
    " as an untouched test and pays for its final look out of its budget; the peers, and ours"
    " without a test part, divide the labelled cases 80/20 and judge nothing."
)
SIGNIFICANT = 0.05
Groups = Mapping[tuple[int, str], list[Result]]


def tables(results: Sequence[Result], unmeasured: Sequence[str], *, is_real: bool = False) -> str:
    by_variant: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.bound is None:
            by_variant[result.variant].append(result)
    plain = by_variant.pop(PLAIN.name, [])
    parts = [PROPOSER_ONLY if is_real else NO_EVIDENCE, RULES, _table(plain)]
    if bounded := [result for result in results if result.bound is not None]:
        parts.append(_by_tokens(bounded, plain))
    parts += [_difficulty(name, own) for name, own in by_variant.items()]
    if unmeasured:
        parts.append(f"Not measured, since not installed: {', '.join(unmeasured)}.")
    return "\n\n".join(parts)


def _table(results: Iterable[Result]) -> str:
    """Mean, deviation and minimum over the seeds; and what it took."""
    groups: defaultdict[tuple[int, str], list[Result]] = defaultdict(list)
    for result in results:
        groups[result.budget, result.method].append(result)
    lines = [f"{'calls':>5}  {'method':<36} mean   sd     min    proposals  examples  tokens"]
    for (budget, method), runs in sorted(groups.items()):
        scores = [result.f1 for result in runs]
        lines.append(
            f"{budget or '-':>5}  {method:<36} {_spread(scores)}"
            f"  {mean(r.proposals for r in runs):>9.0f}  {mean(r.examples for r in runs):>8.0f}"
            f"  {mean(r.tokens for r in runs):>6.0f}"
        )
    return "\n".join([*lines, *_aims(groups)])


def _by_tokens(bounded: Sequence[Result], unbounded: Sequence[Result]) -> str:
    """F1 by size of the prompt, mean over the seeds, with the mean tokens where a prompt is as it
    comes: in each column, however long it is."""
    bounds = sorted({result.bound for result in bounded if result.bound})
    budget = max(result.budget for result in bounded)
    scores: dict[str, dict[int, list[Result]]] = defaultdict(lambda: defaultdict(list))
    for result in bounded:
        scores[result.method][result.bound or 0].append(result)
    lines = [f"{budget} calls, within so many tokens: {', '.join(map(str, bounds))}"]
    for method, by_bound in scores.items():
        cells = [f"{mean(r.f1 for r in by_bound[bound]):.3f}" for bound in bounds]
        lines.append(f"  {method:<36} {'  '.join(cells)}")
    free: dict[str, list[Result]] = defaultdict(list)
    for result in unbounded:
        if result.budget in (0, budget) and result.method not in scores:
            free[result.method].append(result)
    for method, runs in free.items():
        lines.append(
            f"  {method:<36} {mean(r.f1 for r in runs):.3f}, as it comes with"
            f" {mean(r.tokens for r in runs):.0f} tokens"
        )
    return "\n".join([*lines, *_within(scores, free, bounds)])


def _within(
    scores: Mapping[str, Mapping[int, list[Result]]],
    free: Mapping[str, list[Result]],
    bounds: Sequence[int],
) -> list[str]:
    """Ours beside the best peer of each size: one that is bounded, or is as short as it comes."""
    lines = []
    for own in (OURS, UNTESTED):
        for bound in bounds if own in scores else []:
            peers = {name: runs[bound] for name, runs in scores.items() if name in PEERS}
            peers |= {
                name: runs
                for name, runs in free.items()
                if name in PEERS and mean(r.tokens for r in runs) <= bound
            }
            if not peers:
                continue
            best = max(peers, key=lambda name: mean(r.f1 for r in peers[name]))
            reached = {result.seed: result.f1 for result in peers[best]}
            gaps = [result.f1 - reached[result.seed] for result in scores[own][bound]]
            lines.append(
                f"{own}, {bound} tokens: {mean(gaps):+.3f} beside the best peer of that size"
                f" ({best}), ahead on {sum(gap > 0 for gap in gaps)} of {len(gaps)} seeds"
            )
    return lines


def _aims(groups: Groups) -> list[str]:
    """Ours beside the best peer at each budget, and with few calls beside their most."""
    budgets = sorted({budget for budget, method in groups if method == OURS and budget != OF_NOTE})
    pairs = [(budget, budget) for budget in budgets] + [(OF_NOTE, max(budgets, default=0))]
    return [
        line
        for own in (OURS, UNTESTED)
        for mine, theirs in pairs
        for peers, which in ((PEERS - RAISED, "as they come"), (PEERS, "with any setting"))
        if (line := _beside(groups, own, mine, theirs, peers, which))
    ]


def _beside(
    groups: Groups, own: str, mine: int, theirs: int, peers: Collection[str], which: str
) -> str | None:
    """Seed by seed, against the peer with the best mean; None where there is nothing to compare."""
    others = {m: runs for (b, m), runs in groups.items() if b == theirs and m in peers}
    if (mine, own) not in groups or not others:
        return None
    best = max(others, key=lambda method: mean(result.f1 for result in others[method]))
    reached = {result.seed: result.f1 for result in others[best]}
    gaps = [result.f1 - reached[result.seed] for result in groups[mine, own]]
    return (
        f"{own}, {mine} calls: {mean(gaps):+.3f} beside the best peer {which} at {theirs} calls"
        f" ({best}), ahead on {sum(gap > 0 for gap in gaps)} of {len(gaps)} seeds"
    )


def _difficulty(name: str, results: Sequence[Result]) -> str:
    lines = [f"{name}, ours:"]
    for budget in sorted({result.budget for result in results}):
        runs = [result for result in results if result.budget == budget]
        kinds = Counter(str(r.verdict.kind) if r.verdict else "none" for r in runs)
        worse = [result for result in runs if result.p_worse < SIGNIFICANT]
        claimed = [r for r in worse if r.verdict and r.verdict.kind in ("proven", "promising")]
        lines.append(
            f"{budget:>5}  baseline {_spread([r.baseline for r in runs])}"
            f"  ours {_spread([r.f1 for r in runs])};"
            f" below the baseline by more than chance in {len(worse)} of {len(runs)} runs,"
            f" {len(claimed)} of them with a claim; verdicts: "
            + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        )
    return "\n".join(lines)


def _spread(scores: Sequence[float]) -> str:
    deviation = stdev(scores) if len(scores) > 1 else 0.0
    return f"{mean(scores):.3f}  {deviation:.3f}  {min(scores):.3f}"
