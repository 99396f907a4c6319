"""The number of a task's card is of what serves; what a run found stands beside it, with whether it
is better or worse than that."""

import json
from html import unescape
from uuid import UUID

import pytest
from induction.dashboard.cards import Figure, SplitMeasurement, figure
from nlu_shared.ids import uuid7
from nlu_shared.schemas.insights import Interval, LiveScore, Metric, Sample

from tests.fixtures.browsing import browser
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import sql

TEXT = "Answer with topic_0, topic_1, topic_2 or topic_3."
RUN = """
INSERT INTO runs (id, task, kind, trigger_type, status, limits, hints, seed, task_model,
    proposer_model, provider, engine_version, baseline_version_id, best_version_id, verdict)
VALUES ($1, $2, 'improve', 'manual', 'completed', '{}', '[]', 0, 'm', 'm', 'offline', 'x', $3, $4,
    $5)
"""
SCORE = """
INSERT INTO prompt_scores (version_id, run_id, split, objective, components, cases, dataset_hash,
    model, scorer)
VALUES ($1, $2, 'test', $3, '{}', 104, 'd', 'm', 's')
"""


def live_score(metric: Metric, value: float | None) -> LiveScore:
    known = None
    if value is not None:
        known = Interval(value=value, low=0.5, high=0.9, n=40, effective_n=40)
    return LiveScore(
        status="unknown" if known is None else "known", sample=Sample.AUDIT, n=40, drawn=60,
        minimum=30, more_needed=0, task="t", model_version=None, prompt_version=None, period=None,
        metric=metric, traffic=100, estimate=known, accuracy=None, naive=None, naive_n=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("live", "measured", "serves", "value", "meaning"),
    [
        (None, None, False, None, "nothing serves yet"),
        (None, None, True, None, "what serves was not measured yet"),
        (live_score(Metric.MACRO_F1, None), SplitMeasurement(0.6, "validation", 1), True, 0.6,
         "F1 of what serves, on 1 validation case; live F1 is not known"),
        (live_score(Metric.EXACT_MATCH, 0.7), SplitMeasurement(0.6, "test", 9), True, 0.7,
         "live exact match of what serves (0.50 to 0.90, 40 audited)"),
    ],
)  # fmt: skip
def test_the_number_is_live_where_that_is_known_and_else_says_what_it_was_measured_on(
    live: LiveScore | None,
    measured: SplitMeasurement | None,
    serves: bool,
    value: float | None,
    meaning: str,
) -> None:
    assert figure(live, measured, serves=serves) == Figure(value, meaning)


async def another(stack: Stack, task: str, word: str) -> str:
    body = {"text": f"{TEXT} {word}"}
    made = await stack.induction.post(f"/v1/prompts/{task}/versions", json=body)
    return str(made.json()["id"])


async def judged(
    stack: Stack, task: str, baseline: str, best: str, *, kind: str, before: float, after: float
) -> UUID:
    """A run that is over, with this verdict."""
    verdict = {
        "kind": kind, "tested_on": "test", "cases": 104, "before": before, "after": after,
        "gain": after - before, "interval": [0.0, 0.1], "p_value": 0.01, "labels_needed": 7,
        "summary": "It was judged.",
    }  # fmt: skip
    run = uuid7()
    values = (UUID(baseline), UUID(best), json.dumps(verdict))
    await sql(stack, RUN, run, task, *values)
    return run


async def scored(stack: Stack, version: str, run: UUID, score: float) -> None:
    await sql(stack, SCORE, UUID(version), run, score)


async def card(stack: Stack, task: str) -> str:
    """As its page of tasks shows it."""
    async with browser(str(stack.induction.base_url)) as page:
        answer = await page.get("/dashboard")
    cards = answer.text.split('class="card task"')
    own = next(one for one in cards if f"/dashboard/tasks/{task}/improve" in one)
    return " ".join(unescape(own).split())


@pytest.mark.law
async def test_the_number_is_of_what_serves_and_not_of_a_worse_candidate(stack: Stack) -> None:
    task = "cards"
    first = await make_task(stack, task)
    assert "what serves was not measured yet" in await card(stack, task)
    assert "A first run says what the prompt is worth." in await card(stack, task)
    candidate = await another(stack, task, "Be brief.")
    run = await judged(stack, task, first, candidate, kind="proven", before=0.337, after=0.6)
    compared = await card(stack, task)
    assert "is better than what serves now: 0.600 against 0.337 on 104 untouched cases." in compared
    assert "worth=7" in compared
    serves = await another(stack, task, "Be kind.")
    await stack.induction.post(f"/v1/prompts/{task}/versions/{serves}/promote", json={})
    apart = await card(stack, task)
    assert "was not compared with what serves now: its 0.600 is against 0.337" in apart
    assert "worth=" not in apart
    await scored(stack, candidate, run, 0.6)
    await scored(stack, serves, uuid7(), 0.608)
    worse = await card(stack, task)
    assert "<b>0.608</b>" in worse
    assert "F1 of what serves, on 104 untouched cases, with m; live F1 is not known" in worse
    stored = await stack.induction.get(f"/v1/prompts/{task}/versions/{candidate}")
    short = stored.json()["version_hash"][:12]
    assert f'versions/{candidate}">{short}</a>' in worse
    assert "scored lower than what serves now on the same 104 untouched cases" in worse
    await judged(stack, task, candidate, serves, kind="proven", before=0.5, after=0.7)
    assert "serves now: F1 0.500 became 0.700" in await card(stack, task)
    await judged(stack, task, first, candidate, kind="proven", before=0.337, after=0.6)
    assert "is worse than what serves now: 0.500 against 0.700" in await card(stack, task)
    await judged(stack, task, serves, serves, kind="no_change", before=0.7, after=0.7)
    unchanged = await card(stack, task)
    assert "serves now, and the run that began with it found nothing better." in unchanged
    assert "gain +0.000" not in unchanged
    better = await another(stack, task, "Be both.")
    proven = await judged(stack, task, serves, better, kind="proven", before=0.5, after=0.9)
    assert "is proven better than what serves" not in await card(stack, task)
    await judged(stack, task, serves, serves, kind="no_change", before=0.7, after=0.7)
    shown_card = await card(stack, task)
    assert "is proven better than what serves: F1 0.500 → 0.900" in shown_card
    assert f'/dashboard/runs/{proven}">an earlier run' in shown_card
    assert "<dt>Spent this month</dt><dd>0.00 dollars</dd>" in shown_card
    # A refused edit says nothing of what can be promoted.
    tried = await judged(stack, task, first, first, kind="no_change", before=0.3, after=0.3)
    edit = "UPDATE runs SET candidate_version_id = $2 WHERE id = $1"
    await sql(stack, edit, tried, UUID(candidate))
    after_edit = await card(stack, task)
    assert "serves now, and the run that began with it found nothing better." in after_edit
    assert "not kept" not in after_edit
