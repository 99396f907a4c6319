"""What quoting costs is said before the run: how many cases may be quoted, and what follows."""

import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack


@pytest.mark.parametrize(
    ("quotable", "words"), [("all", None), ("some", "can become examples"), ("none", "None of")]
)
async def test_the_forecast_says_how_many_cases_may_be_quoted(
    stack: Stack, quotable: str, words: str | None
) -> None:
    task = f"quoting-{quotable}"
    await make_task(stack, task, cases=60)
    if quotable != "all":
        label = {"label": "topic_1"} if quotable == "some" else {}
        body = {"task": task, "may_quote": False, "dry_run": False, **label}
        changed = await stack.logger.post("/v1/ground-truth:quoting", json=body)
        assert changed.status_code == 200, changed.text
    answer = await stack.induction.post("/v1/runs", json={"task": task, "dry_run": True})
    assert answer.status_code == 200, answer.text
    forecast = answer.json()
    train = forecast["splits"]["train"]
    expected = {"all": forecast["quotable"] == train, "none": forecast["quotable"] == 0}
    assert expected.get(quotable, 0 < forecast["quotable"] < train)
    notes = [note for note in forecast["notes"] if "may be quoted" in note]
    if words is None:
        assert not notes
    else:
        (note,) = notes
        assert words in note
        assert f"of {train} training cases" in note
        assert "/v1/ground-truth:quoting" in note


@pytest.mark.parametrize("retrieval", [False, True])
async def test_the_forecast_tells_of_banks_where_not_all_examples_fit(
    stack: Stack, retrieval: bool
) -> None:
    task = f"banks-{retrieval}".lower()
    await make_task(stack, task, cases=60)
    order = {"task": task, "dry_run": True, "retrieval": retrieval}
    for limits, expected in (({}, False), ({"max_prompt_tokens": 200}, not retrieval)):
        answer = await stack.induction.post("/v1/runs", json={**order, "limits": limits})
        notes = answer.json()["notes"]
        assert any("with `retrieval`" in note for note in notes) is expected
