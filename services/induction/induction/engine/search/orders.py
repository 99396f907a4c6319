"""Whether the order of its examples moves a model. Pure.

Models answer otherwise when the same examples stand in another order (Lu et al., Fantastically
Ordered Prompts, ACL 2022), some much and some not at all. So the same prompt is asked twice, and
once in another order: the order matters where it turns more answers than the asking does.
"""

from math import comb

from induction.engine.evaluation.results import EvalResults

LEVEL = 0.05


def is_moved(first: EvalResults, *, again: EvalResults, other: EvalResults) -> bool:
    """Whether another order turns more answers than chance has it, by an exact sign test on the
    cases that one of the two turned and the other did not.

    first: a prompt's results.
    again: of the same prompt on the same cases, asked anew.
    other: of the same examples in another order.
    """
    turned = _turned(first, other)
    wavered = _turned(first, again)
    by_order, by_chance = len(turned - wavered), len(wavered - turned)
    trials = by_order + by_chance
    tail = sum(comb(trials, hits) for hits in range(by_order, trials + 1)) / 2**trials
    return bool(trials) and tail <= LEVEL


def _turned(before: EvalResults, after: EvalResults) -> set[object]:
    return {
        id
        for id, result in after.by_case.items()
        if id in before.by_case and result.prediction.output != before.by_case[id].prediction.output
    }
