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
    unsearched = {"task": task, "kind": "evaluate", "dry_run": True}
    of_another = (await stack.induction.post("/v1/runs", json=unsearched)).json()["notes"]
    assert not [note for note in of_another if "may be quoted" in note]
    if words is None:
        assert not notes
    else:
        (note,) = notes
        assert words in note
        assert f"of {train} training cases" in note
        assert "In nlu-logger a reviewer allows it" in note
        assert "/v1/" not in note


@pytest.mark.law
@pytest.mark.parametrize(
    ("cases", "retrieval", "tells"), [(120, False, True), (120, True, False), (24, False, False)]
)
async def test_the_forecast_tells_of_banks_where_not_all_of_many_examples_fit(
    stack: Stack, cases: int, retrieval: bool, tells: bool
) -> None:
    """Of 24 cases fewer than 24 teach, which a bank takes at least."""
    task = f"banks-{cases}-{retrieval}".lower()
    await make_task(stack, task, cases=cases)
    order = {"task": task, "dry_run": True, "retrieval": retrieval}
    for limits, expected in (({}, False), ({"max_prompt_tokens": 200}, tells)):
        answer = await stack.induction.post("/v1/runs", json={**order, "limits": limits})
        notes = answer.json()["notes"]
        assert (
            any("where examples may be chosen for each text" in note for note in notes) is expected
        )


async def test_the_forecast_tells_of_a_prompt_that_is_too_long_to_begin_with(stack: Stack) -> None:
    await make_task(stack, "longer", cases=24)
    order = {"task": "longer", "dry_run": True, "limits": {"max_prompt_tokens": 100}}
    forecast = (await stack.induction.post("/v1/runs", json=order)).json()
    assert forecast["fits"] is False
    (note,) = [one for one in forecast["notes"] if "that a prompt may have here" in one]
    assert note.startswith("The prompt it begins with takes about ")


@pytest.mark.parametrize(
    ("kind", "calls", "tells"),
    [
        ("improve", 60, False),
        ("improve", 20, True),
        ("evaluate", 60, True),
        ("evaluate", 96, False),
    ],
)
async def test_the_forecast_tells_where_the_calls_do_not_pay_for_what_the_baseline_is_asked(
    stack: Stack, kind: str, calls: int, tells: bool
) -> None:
    """A search asks its baseline few training cases where calls are few; an evaluation all."""
    task = f"baseline-{kind}-{calls}"
    await make_task(stack, task, cases=120)
    order = {"task": task, "kind": kind, "dry_run": True, "limits": {"calls": calls}}
    forecast = (await stack.induction.post("/v1/runs", json=order)).json()
    assert forecast["splits"] == {"train": 72, "validation": 24, "test": 24}
    assert any("Its baseline alone takes" in one for one in forecast["notes"]) is tells
