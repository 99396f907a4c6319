"""How often verdicts are wrong, and how often they see what is there: 300 runs each."""

import asyncio

from nlu_shared.schemas.verdicts import Verdict, VerdictKind

from tests.induction.engine.simulating import judged_by, run_of_nothing

RUNS = 300


def run() -> None:
    """Raises where a promise of the issue is broken: 5 % at most, 80 % at least."""
    for noise in (0.0, 0.2):
        verdicts = [asyncio.run(run_of_nothing(noise=noise, seed=seed)) for seed in range(RUNS)]
        _tell(f"whole runs in which nothing changes, noise {noise}", verdicts, most=0.05)
    for noise, repeats, churn in ((0.0, 0, 0.1), (0.2, 0, 0.0), (0.2, 2, 0.05)):
        verdicts = [
            judged_by(fixes=churn, breaks=churn, noise=noise, repeats=repeats, seed=seed)
            for seed in range(RUNS)
        ]
        what = f"{churn:.0%} fixed, {churn:.0%} broken, noise {noise}, {1 + repeats} answers each"
        _tell(what, verdicts, most=0.05)
    for noise, repeats in ((0.0, 0), (0.2, 0), (0.2, 2)):
        verdicts = [
            judged_by(fixes=0.15, breaks=0.05, noise=noise, repeats=repeats, seed=seed)
            for seed in range(RUNS)
        ]
        what = f"10 points on 200 cases, noise {noise}, {1 + repeats} answers each"
        _tell(what, verdicts, least=0.0 if noise else 0.8)


def _tell(what: str, verdicts: list[Verdict], *, most: float = 1.0, least: float = 0.0) -> None:
    proven = sum(one.kind is VerdictKind.PROVEN for one in verdicts) / len(verdicts)
    print(f"{what}: proven in {proven:.1%} of {len(verdicts)}")
    if not least <= proven <= most:
        raise RuntimeError("a verdict does not keep what it promises")


if __name__ == "__main__":
    run()
