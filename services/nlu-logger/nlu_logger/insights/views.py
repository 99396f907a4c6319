"""Numbers as they are told: with what they rest on, or "unknown". Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from nlu_shared.schemas.insights import (
    ConfusionCell,
    Contest,
    Gain,
    Interval,
    LiveScore,
    Metric,
    PairedGain,
    Sample,
    Shift,
)

from nlu_logger.insights import compare, drift
from nlu_logger.insights.estimate import MINIMUM, Cell, Estimated, accuracy, macro_f1, wilson
from nlu_logger.insights.queries import Totals
from nlu_logger.insights.truths import Series


def confused(cells: Iterable[Cell]) -> list[ConfusionCell]:
    """One cell per prediction and truth, the fullest first, whatever they were drawn with."""
    merged: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        merged[cell.predicted, cell.truth].append(cell)
    weights = {
        key: sum(cell.count / cell.probability for cell in some) for key, some in merged.items()
    }
    total = sum(weights.values())
    shares = [
        ConfusionCell(
            predicted=predicted,
            truth=truth,
            count=sum(cell.count for cell in some),
            share=min(1.0, weights[predicted, truth] / total),
        )
        for (predicted, truth), some in merged.items()
    ]
    return sorted(shares, key=lambda cell: (-cell.share, cell.predicted, cell.truth))


def contest(sides: list[Estimated | None], pairs: compare.Pairs) -> Contest:
    a, b = (side if side is not None and side.n >= MINIMUM else None for side in sides)
    same = compare.paired(pairs)
    return Contest(
        a=a and interval(a),
        b=b and interval(b),
        gain=Gain(**asdict(compare.apart(a, b))) if a and b else None,
        paired=PairedGain(**asdict(same), n=pairs.n, only_a=pairs.only_a, only_b=pairs.only_b)
        if same
        else None,
    )


def live(
    series: Series, traffic: int, drawn: int, answers: Iterable[tuple[Cell, bool]]
) -> LiveScore:
    score = accuracy if series.structured else macro_f1
    audited = [cell for cell, in_audit in answers if in_audit]
    naive = score([replace(cell, probability=1.0) for cell, _ in answers])
    n = sum(cell.count for cell in audited)
    estimate, right = score(audited), accuracy(audited)
    return LiveScore(
        task=series.task,
        model_version=series.model_version,
        prompt_version=series.prompt_version,
        period=series.period,
        metric=Metric.EXACT_MATCH if series.structured else Metric.MACRO_F1,
        traffic=traffic,
        estimate=interval(estimate) if estimate and n >= MINIMUM else None,
        accuracy=interval(right) if right and n >= MINIMUM else None,
        naive=naive.value if naive else None,
        naive_n=naive.n if naive else 0,
        **judged(n, drawn, Sample.AUDIT),
    )


def judged(n: int, drawn: int, sample: Sample) -> dict[str, Any]:
    return {
        "status": "known" if n >= MINIMUM else "unknown",
        "sample": sample,
        "n": n,
        "drawn": drawn,
        "minimum": MINIMUM,
        "more_needed": max(0, MINIMUM - n),
    }


def shift(window: drift.Counts, reference: drift.Counts) -> Shift:
    n, m = sum(window.values()), sum(reference.values())
    if min(n, m) < drift.MINIMUM:
        return Shift(status="unknown", window=n, reference=m)
    return Shift(
        status="known",
        psi=drift.stability_index(window, reference),
        jensen_shannon=drift.divergence(window, reference),
        chance=drift.chance(window, reference),
        window=n,
        reference=m,
    )


def ended(totals: Totals) -> Estimated | None:
    return share(totals.successes, totals.ended)


def share(successes: int, total: int) -> Estimated | None:
    if not total:
        return None
    low, high = wilson(successes / total, total)
    return Estimated(successes / total, low, high, total, float(total))


def interval(score: Estimated | None) -> Interval | None:
    return Interval(**asdict(score)) if score else None
