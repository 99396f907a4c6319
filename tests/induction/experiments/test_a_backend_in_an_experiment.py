"""A backend with our own client takes part in an experiment: who gets what, what is logged of it,
and what it does while induction is away."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from induction.experiments.jobs import look_once
from induction.resources import open_resources
from nlu_shared.client import PromptedService, create_nlu_service
from nlu_shared.client.prompted import PromptSource
from nlu_shared.client.prompted.source import REFRESH_SECONDS, SILENT_SECONDS
from nlu_shared.client.prompted.units import Answer, Units

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import Stack, serving
from tests.induction.experiments.test_experiments import assigned, begun, versions
from tests.shared.client.relay import BadLine

CONVERSATIONS = [UUID(int=7 << 76 | 2 << 62 | number) for number in range(24)]
MESSAGE = "where is my parcel"


def backend(stack: Stack, task: str, folder: Path, **how: Any) -> PromptedService:
    where = {"induction_url": str(stack.induction.base_url), **how}
    return create_nlu_service(
        task=task,
        url=str(stack.logger.base_url),
        key=BOOTSTRAP_KEY,
        induction_key=BOOTSTRAP_KEY,
        prompt_cache=folder,
        **where,
    )


@pytest.fixture(autouse=True)
def _model(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", str(stack.model.base_url))


@pytest.mark.law
async def test_units_get_what_active_says_and_are_counted_by_what_answered_them(
    stack: Stack, tmp_path: Path
) -> None:
    a, b = await versions(stack, "taking-part")
    made = await begun(stack, "taking-part", b, shares=[0.5], unit="conversation")
    expected = {one: (await assigned(stack, "taking-part", str(one)))[0] for one in CONVERSATIONS}
    assert set(expected.values()) == {a, b}
    async with backend(stack, "taking-part", tmp_path) as service:
        for index in range(2):
            for one in CONVERSATIONS:
                answer = await service.process_message(
                    MESSAGE, conversation_id=one, message_index=index, unit=one
                )
                assert answer.prompt_version == expected[one]
                await service.update_workflow_outcome(answer.log_id, was_successful=True)
        nobody = await service.process_message(MESSAGE)
        assert (nobody.prompt_version, service.fallbacks, service.dropped) == (a, 0, 0)
    logged = await stack.logger.get("/v1/predictions?task=taking-part&limit=200")
    named = [(one["conversation_id"], one["prompt_version"]) for one in logged.json()["items"]]
    twice = [(str(one), version) for one, version in expected.items()] * 2
    assert Counter(named) == Counter([(None, a), *twice])
    async with open_resources(stack.settings) as worker:
        await look_once(worker)
    path = f"/v1/prompts/taking-part/experiments/{made['id']}"
    evidence = (await stack.induction.get(path)).json()["evidence"]
    arms = {one["arm"]: (one["units"], one["ended"], one["successes"]) for one in evidence["arms"]}
    share = Counter(expected.values())
    assert arms == {"a": (share[a],) * 3, "b": (share[b],) * 3}


@pytest.mark.law
async def test_a_unit_that_is_no_uuid_is_logged_as_one_and_counted(
    stack: Stack, tmp_path: Path
) -> None:
    a, b = await versions(stack, "named-units")
    made = await begun(stack, "named-units", b, shares=[0.5], unit="conversation")
    async with backend(stack, "named-units", tmp_path) as service:
        for _ in range(2):
            for name in ("conv-1", "conv-2", "conv-3"):
                await service.process_message(MESSAGE, conversation_id=name, unit=name)
        await service.process_message(MESSAGE, unit="conv-1")
        await service.process_message(MESSAGE, user_id="ann", conversation_id=MESSAGE, unit="ann")
        await service.process_message(MESSAGE)
        assert service.dropped == 0
    items = (await stack.logger.get("/v1/predictions?task=named-units&limit=200")).json()["items"]
    talks = Counter(one["conversation_id"] for one in items)
    assert sorted(talks.values()) == [2, 2, 2, 3]
    assert len({one["user_id"] for one in items} - {None}) == 1
    assert {one["prompt_version"] for one in items if one["conversation_id"]} <= {a, b}
    async with open_resources(stack.settings) as worker:
        await look_once(worker)
    path = f"/v1/prompts/named-units/experiments/{made['id']}"
    evidence = (await stack.induction.get(path)).json()["evidence"]
    assert (evidence["predictions"], evidence["with_unit"]) == (9, 7)
    assert sum(one["units"] for one in evidence["arms"]) == 3


@pytest.fixture
async def line(stack: Stack) -> AsyncIterator[tuple[BadLine, str]]:
    """To induction, which may be away."""
    one = BadLine(stack.induction)
    async with serving(one.app) as url:
        yield one, url


async def test_what_a_unit_had_last_it_keeps_while_induction_is_away(
    stack: Stack, line: tuple[BadLine, str], tmp_path: Path
) -> None:
    a, b = await versions(stack, "cut-off")
    await begun(stack, "cut-off", b, shares=[0.5])
    drawn = {f"unit {n}": (await assigned(stack, "cut-off", f"unit {n}"))[0] for n in range(12)}
    newcomer = next(one for one, version in drawn.items() if version == b)
    expected = {one: version for one, version in drawn.items() if one != newcomer}
    assert set(expected.values()) == {a, b}
    now = [0.0]
    source = PromptSource(
        "cut-off", url=line[1], key=BOOTSTRAP_KEY, cache=tmp_path, clock=lambda: now[0]
    )

    async def runs() -> dict[str, str]:
        return {one: (await source.current(one)).version for one in expected}

    assert await runs() == expected
    assert len(line[0].seen) == len(expected)
    assert await runs() == expected  # fresh: nobody asks
    assert len(line[0].seen) == len(expected)
    await source.refresh()
    now[0], line[0].lose, before = REFRESH_SECONDS, 10**6, len(line[0].seen)
    assert await runs() == expected
    assert len(line[0].seen) == before + 1  # the others do not wait for what is silent
    assert (await source.current(newcomer)).version == a
    line[0].lose, now[0] = 0, REFRESH_SECONDS + SILENT_SECONDS
    assert await runs() == expected
    assert (await source.current(newcomer)).version == b
    assert source.fallbacks == 1
    await source.close()


async def test_one_question_hears_for_all_where_nothing_is_tried_and_after_a_stop(
    stack: Stack, line: tuple[BadLine, str], tmp_path: Path
) -> None:
    a, b = await versions(stack, "quiet-units")
    now = [0.0]
    source = PromptSource(
        "quiet-units", url=line[1], key=BOOTSTRAP_KEY, cache=tmp_path, clock=lambda: now[0]
    )
    units = [f"unit {number}" for number in range(12)]
    assert {(await source.current(one)).version for one in units} == {a}
    assert len(line[0].seen) == 1
    made = await begun(stack, "quiet-units", b, shares=[0.5])
    now[0] += REFRESH_SECONDS
    assert {(await source.current(one)).version for one in units} == {a, b}
    assert len(line[0].seen) == 1 + len(units)
    path = f"/v1/prompts/quiet-units/experiments/{made['id']}/stop"
    assert (await stack.induction.post(path, json={"reason": "enough"})).is_success
    now[0] += REFRESH_SECONDS
    assert {(await source.current(one)).version for one in units} == {a}
    assert len(line[0].seen) == 2 + len(units)
    # Who had the candidate last has it no more, even while induction is away.
    line[0].lose, now[0] = 10**6, now[0] + REFRESH_SECONDS
    assert {(await source.current(one)).version for one in units} == {a}
    await source.close()


async def test_under_staging_a_unit_gets_what_all_get(stack: Stack, tmp_path: Path) -> None:
    a, b = await versions(stack, "staged-units")
    await begun(stack, "staged-units", b, shares=[0.5])
    alias = {"alias": "staging"}
    promoted = await stack.induction.post(
        f"/v1/prompts/staged-units/versions/{b}/promote", json=alias
    )
    assert promoted.is_success, promoted.text
    async with backend(stack, "staged-units", tmp_path, **alias) as service:
        answers = [await service.process_message(MESSAGE, unit=one) for one in CONVERSATIONS[:6]]
    assert {one.prompt_version for one in answers} == {b} != {a}


@pytest.mark.parametrize("unit", ["", "x" * 201, "half a pair \ud800", "nul \x00"])
async def test_a_unit_that_induction_would_not_take_is_as_none(
    stack: Stack, tmp_path: Path, unit: str
) -> None:
    task = "odd-units"
    if (await stack.induction.get(f"/v1/tasks/{task}")).status_code == 404:
        _, b = await versions(stack, task)
        await begun(stack, task, b, shares=[0.5])
    async with backend(stack, task, tmp_path) as service:
        answer = await service.process_message(MESSAGE, unit=unit)
        assert service.fallbacks == 0
    assert answer.prompt_version == (await assigned(stack, task))[0]


def test_a_million_units_are_remembered_in_bounded_memory() -> None:
    units = Units(seconds=60, most=100)
    prompt: Any = object()
    for number in range(1_000):
        units.hear(str(number), Answer(prompt, f'"{number % 9}"', is_for_all=False), number)
    assert [n for n in range(1_000) if units.last(str(n))] == list(range(900, 1_000))
    assert len(units.recent()) == 4
    assert units.fresh("999", 999 + 59) is prompt
    assert units.fresh("999", 999 + 60) is None
