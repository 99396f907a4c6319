"""How often a migration is wrong at its margin, in 300 simulated runs each, and how often it sees
what is there, in 100 each."""

from collections.abc import Sequence

from nlu_shared.schemas.migration import ComparisonKind, ModelComparison

from tests.induction.engine.migrating import EVEN, RARE, breaking, compared_by

RUNS, RUNS_OF_POWER = 300, 100


def run() -> None:
    """Raises where 'not worse' is claimed in more than 5 % of runs in which the margin is lost."""
    for sizes, fixes, only in ((EVEN, 0.0, None), (EVEN, 0.05, None), (RARE, 0.05, 9)):
        where = "all labels alike" if only is None else f"one label of {sizes[only]} cases"
        breaks = breaking(sizes, 0.02, fixes=fixes, only=only)
        what = f"2 points lost on {sum(sizes)} cases by {where}, {fixes:.0%} fixed"
        _tell(what, _compared(sizes, breaks, fixes, runs=RUNS), most=0.05)
    for cases in (200, 500, 1_000):
        for churn in (0.0, 0.02, 0.05):
            sizes = (cases // 5,) * 5
            what = f"nothing lost on {cases} cases, {churn:.0%} fixed and broken"
            _tell(what, _compared(sizes, [churn] * 5, churn))
    for loss in (0.05, 0.1):
        sizes = (100,) * 5
        breaks = breaking(sizes, loss, fixes=0.02)
        _tell(f"{loss:.0%} lost on 500 cases, 2 % fixed", _compared(sizes, breaks, 0.02))


def _compared(
    sizes: Sequence[int], breaks: Sequence[float], fixes: float, *, runs: int = RUNS_OF_POWER
) -> list[ModelComparison]:
    return [compared_by(sizes, breaks, fixes=fixes, seed=seed) for seed in range(runs)]


def _tell(what: str, compared: list[ModelComparison], *, most: float = 1.0) -> None:
    shares = {
        kind: sum(one.kind is kind for one in compared) / len(compared) for kind in ComparisonKind
    }
    print(f"{what}: {', '.join(f'{kind} {share:.1%}' for kind, share in shares.items() if share)}")
    if shares[ComparisonKind.NOT_WORSE] > most:
        raise RuntimeError("a migration does not keep what it promises")


if __name__ == "__main__":
    run()
