"""The adapter through the real SDK: every way a call can end has its outcome."""

import json

import httpx2
import pytest
from induction.llm.adapters.claude import Claude
from induction.llm.errors import ParkRun, StopRun
from induction.task_kinds.base import ModelAnswer, Outcome, Usage
from offline_model.app import in_process
from offline_model.settings import Fault, OfflineSettings

from tests.induction.llm.toys import prompt, question, simple_question, toy

ALWAYS = 1_000
"""More arrivals than any call makes: the fault never passes."""


class Bench:
    """A model server, an adapter on it that sleeps without waiting, and what it slept."""

    def __init__(self, settings: OfflineSettings | None = None, api_key: str = "any") -> None:
        self.slept: list[float] = []
        self.http = in_process(settings)
        self.claude = Claude(
            api_key=api_key, http_client=self.http, sleep=self._sleep, jitter=lambda: 0.0
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def ask(self, text: str = "where is my parcel") -> ModelAnswer:
        return await self.claude.complete(simple_question(text))

    async def calls(self) -> dict[str, int]:
        counted: dict[str, int] = (await self.http.get("/calls")).json()
        return counted


def bench(fault: Fault, **other: object) -> Bench:
    return Bench(OfflineSettings(faults={fault: 1}, **other))  # type: ignore[arg-type]


async def test_an_answer_has_its_text_its_usage_and_one_attempt() -> None:
    answer = await Bench().ask()
    assert answer.outcome is Outcome.OK
    assert json.loads(answer.text)["label"] == "parcel"
    assert (answer.attempts, answer.ambiguous) == (1, 0)
    assert answer.usage is not None
    assert answer.usage.output_tokens > 0


async def test_the_system_prompt_is_cached_from_the_second_case_on() -> None:
    on = Bench()
    first, second = await on.ask("where is it"), await on.ask("hello there")
    assert first.usage is not None
    assert second.usage is not None
    assert first.usage.cache_creation_input_tokens == second.usage.cache_read_input_tokens > 0
    assert second.usage.cache_creation_input_tokens == 0


async def test_a_rate_limit_is_waited_out_as_long_as_asked() -> None:
    on = bench(Fault.RATE_LIMITED, retry_after_s=7)
    answer = await on.ask()
    assert (answer.outcome, answer.attempts, on.slept) == (Outcome.OK, 2, [7.0])


async def test_a_rate_limit_without_a_hint_backs_off() -> None:
    on = bench(Fault.RATE_LIMITED_BARE, fault_arrivals=3)
    answer = await on.ask()
    assert (answer.outcome, on.slept) == (Outcome.OK, [0.5, 1.0, 2.0])


async def test_a_rate_limit_longer_than_a_minute_parks_the_run() -> None:
    on = bench(Fault.RATE_LIMITED, retry_after_s=3_600)
    with pytest.raises(ParkRun) as parked:
        await on.ask()
    assert parked.value.seconds == 3_600
    assert on.slept == []


async def test_rate_limits_that_do_not_end_park_the_run() -> None:
    on = bench(Fault.RATE_LIMITED_BARE, fault_arrivals=ALWAYS)
    with pytest.raises(ParkRun):
        await on.ask()
    assert sum(on.slept) <= 60


async def test_a_spend_limit_stops_the_run_at_once() -> None:
    on = bench(Fault.SPEND_LIMIT)
    with pytest.raises(StopRun, match="spend limit"):
        await on.ask()
    assert on.slept == []


async def test_a_key_that_is_not_taken_stops_the_run() -> None:
    with pytest.raises(StopRun, match="401"):
        await Bench(OfflineSettings(api_key="right"), api_key="wrong").ask()  # type: ignore[arg-type]


async def test_an_overloaded_provider_is_tried_six_times() -> None:
    on = bench(Fault.OVERLOADED, fault_arrivals=ALWAYS)
    answer = await on.ask()
    assert (answer.outcome, answer.attempts, answer.ambiguous) == (Outcome.UNAVAILABLE, 6, 0)
    assert on.slept == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert (await on.calls())["answered"] == 0


async def test_an_overload_that_passes_costs_one_attempt() -> None:
    answer = await bench(Fault.OVERLOADED).ask()
    assert (answer.outcome, answer.attempts) == (Outcome.OK, 2)


async def test_rate_limits_do_not_use_up_the_attempts_for_other_failures() -> None:
    codes = iter([429] * 6 + [529] * 5)

    def fail(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(next(codes, 401), headers={"retry-after": "1"}, json={})

    on = Bench()
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(fail))
    on.claude = Claude(api_key="any", http_client=http, sleep=on._sleep)
    with pytest.raises(StopRun, match="401"):
        await on.ask()
    assert len(on.slept) == 11


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.BROKEN_BODY])
async def test_a_body_that_cannot_be_read_is_asked_again_and_may_be_billed(fault: Fault) -> None:
    answer = await bench(fault).ask()
    assert (answer.outcome, answer.attempts, answer.ambiguous) == (Outcome.OK, 2, 1)
    answer = await bench(fault, fault_arrivals=ALWAYS).ask()
    assert (answer.outcome, answer.ambiguous) == (Outcome.UNAVAILABLE, 6)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.CUT, Outcome.CUT),
        (Fault.REFUSED, Outcome.REFUSED),
        (Fault.BROKEN_JSON, Outcome.MALFORMED),
    ],
)
async def test_a_spoiled_answer_is_an_outcome_that_keeps_its_usage(
    fault: Fault, outcome: Outcome
) -> None:
    on = bench(fault)
    answer = await on.ask()
    assert answer.outcome is outcome
    assert answer.usage is not None
    assert answer.usage.cache_creation_input_tokens > 0
    assert answer == ModelAnswer(outcome, answer.text, answer.usage)
    assert on.slept == []


@pytest.mark.parametrize(
    "body", ["{}", "[]", "null", '{"content": 3}', '{"content": [], "usage": {}}']
)
async def test_json_that_is_no_message_counts_as_unreadable(body: str) -> None:
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(200, text=body, headers={"content-type": "application/json"})
    )
    on = Bench()
    on.claude = Claude(
        api_key="any", http_client=httpx2.AsyncClient(transport=transport), sleep=on._sleep
    )
    assert (await on.ask()).outcome is Outcome.UNAVAILABLE


@pytest.mark.parametrize(
    ("error", "ambiguous", "reason"),
    [
        (httpx2.ConnectError("refused"), 0, "no connection is made"),
        (httpx2.ConnectTimeout("no route"), 0, "no connection is made"),
        (httpx2.ReadTimeout("too slow"), 6, "no answer comes in time"),
        (httpx2.RemoteProtocolError("cut off"), 6, "the connection breaks off"),
        (httpx2.ReadError("reset"), 6, "the connection breaks off"),
    ],
)
async def test_a_lost_connection_is_ambiguous_only_once_it_stood(
    error: Exception, ambiguous: int, reason: str
) -> None:
    def lose(_: httpx2.Request) -> httpx2.Response:
        raise error

    on = Bench()
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(lose))
    on.claude = Claude(api_key="any", http_client=http, sleep=on._sleep)
    answer = await on.ask()
    assert answer == ModelAnswer(Outcome.UNAVAILABLE, reason, Usage(), 6, ambiguous)


async def test_thinking_before_the_text_is_skipped_and_text_blocks_are_joined() -> None:
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": '{"label": '},
        {"type": "text", "text": '"parcel"}'},
    ]
    message = {
        "id": "m", "type": "message", "role": "assistant", "model": "m", "content": content,
        "stop_reason": "end_turn", "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }  # fmt: skip
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json=message))
    claude = Claude(api_key="any", http_client=httpx2.AsyncClient(transport=transport))
    answer = await claude.complete(simple_question())
    assert (answer.text, answer.usage) == ('{"label": "parcel"}', Usage(1, 0, 0, 2))


async def test_an_answer_depends_on_nothing_but_the_request() -> None:
    kind = toy(3)
    system = prompt(kind.labels, {}, kind.cases(per_label=2, seed=1))
    requests = [question(system, text, kind.labels) for text, _ in kind.cases(per_label=4, seed=2)]
    settings = OfflineSettings(noise=0.3, faults={Fault.OVERLOADED: 3, Fault.CUT: 5})
    forwards, backwards = Bench(settings), Bench(settings)
    one_way = [await forwards.claude.complete(request) for request in requests]
    other_way = [await backwards.claude.complete(request) for request in reversed(requests)]
    again = [await forwards.claude.complete(request) for request in requests]

    def outcomes(answers: list[ModelAnswer]) -> list[tuple[Outcome, str]]:
        return [(answer.outcome, answer.text) for answer in answers]

    assert outcomes(one_way) == outcomes(list(reversed(other_way))) == outcomes(again)
    assert {answer.outcome for answer in one_way} == {Outcome.OK, Outcome.CUT}


@pytest.mark.law
async def test_noise_disturbs_about_the_share_that_was_asked_for_and_repeats_differ() -> None:
    quiet, noisy = Bench(), Bench(OfflineSettings(noise=0.3))
    requests = [simple_question(f"parcel number {n}") for n in range(200)]
    calm = [await quiet.claude.complete(request) for request in requests]
    first = [await noisy.claude.complete(request) for request in requests]
    second = [await noisy.claude.complete(request, sample=1) for request in requests]
    disturbed = sum(left.text != right.text for left, right in zip(calm, first, strict=True))
    assert 35 <= disturbed <= 85
    assert first != second
    other_seed = Bench(OfflineSettings(noise=0.3, seed=1))
    assert first != [await other_seed.claude.complete(request) for request in requests]
