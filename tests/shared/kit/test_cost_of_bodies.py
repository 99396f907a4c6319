"""What it costs to find out that a body is hostile: so much for each byte, whatever it holds."""

import gc
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from nlu_shared.kit.errors import Invalid
from nlu_shared.kit.http.plain import DEEPEST, MOST_VALUES, check_line

SIZE = 16 * 1024
FLOOR = 0.002
"""Seconds below which a clock tells nothing about growth."""
OPEN = b"[" * (DEEPEST + 1)
FAMILIES: dict[str, Callable[[int], bytes]] = {
    "a text of escaped quotes that never ends": lambda n: OPEN + b'"' + b'\\"' * (n // 2),
    "a text of escapes that never ends": lambda n: OPEN + b'"' + b"\\\\" * (n // 2),
    "quotes": lambda n: OPEN + b'"' * n,
    "quotes behind escapes": lambda n: OPEN + b'\\"' * (n // 2) + b'"' * (n // 2),
    "empty texts": lambda n: b"[" + b'"",' * (n // 3) + b'""]',
    "empty objects": lambda n: b"[" + b"{}," * (n // 3) + b"{}]",
    "empty lists": lambda n: b"[" + b"[]," * (n // 3) + b"[]]",
    "lists as deep as may be": lambda n: b"[" + (b"[" * 60 + b"]" * 60 + b",") * (n // 121) + b"0]",
    "lists that never end": lambda n: b"[" * n,
    "closed before they were opened": lambda n: b"]" * (n // 2) + b"[" * (n // 2),
    "short numbers": lambda n: b"[" + b"1," * (n // 2) + b"1]",
    "long numbers": lambda n: b"[" + (b"9" * 4_000 + b",") * (n // 4_001) + b"1]",
    "one long fraction": lambda n: b"[0." + b"7" * n + b"]",
    "one key again and again": lambda n: b"{" + b'"a":1,' * (n // 6) + b'"b":1}',
    "surrogates": lambda n: b'["' + b"\\ud83d\\ude00" * (n // 12) + b'"]',
    "spaces": lambda n: b"[" + b" " * n + b"]",
    "prose": lambda n: b'["' + b"well, {no} [way], " * (n // 18) + b'"]',
}


def seconds(body: bytes) -> float:
    """CPU time of the fastest of three: what other work the machine has does not count, and
    neither what the collector finds to do among the objects of other tests."""
    tried = []
    gc.disable()
    try:
        for _ in range(3):
            began = time.process_time()
            with suppress(Invalid):
                check_line(body)
            tried.append(time.process_time() - began)
    finally:
        gc.enable()
    return min(tried)


@pytest.mark.law
@pytest.mark.parametrize("family", FAMILIES)
def test_a_body_sixteen_times_as_long_costs_about_sixteen_times_as_much(family: str) -> None:
    made = FAMILIES[family]
    assert seconds(made(16 * SIZE)) <= 16 * 4 * max(seconds(made(SIZE)), FLOOR / 16)


@pytest.mark.law
@settings(max_examples=60)
@given(
    piece=some.lists(some.sampled_from(list(b'[]{}",\\:1 a')), min_size=1, max_size=12),
    before=some.sampled_from([b"", b"[", OPEN, OPEN + b'"']),
)
def test_whatever_is_repeated_costs_by_its_length(piece: list[int], before: bytes) -> None:
    def made(size: int) -> bytes:
        return before + bytes(piece) * (size // len(piece))

    assert seconds(made(8 * SIZE)) <= 8 * 4 * max(seconds(made(SIZE)), FLOOR / 4)


@pytest.mark.parametrize("value", [b"{}", b"[]", b'""', b"0", b'{"a":"b"}'])
def test_more_values_than_any_use_has_are_refused_before_they_are_made(value: bytes) -> None:
    body = b"[" + (value + b",") * MOST_VALUES + value + b"]"
    with pytest.raises(Invalid) as refused:
        check_line(body)
    assert refused.value.code == "too_many_values"


def test_commas_and_brackets_of_a_text_are_no_values() -> None:
    text = b"," * (MOST_VALUES + 1) + b"[{" * 100
    assert check_line(b'["' + text + b'"]') == [text.decode()]
