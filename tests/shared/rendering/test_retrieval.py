"""Which examples of a bank a request shows: the nearest, within every bound, always the same."""

import hashlib
import json
import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from nlu_shared.rendering import (
    AnswerSpace,
    bank_tokens,
    part_tokens,
    prompt_tokens,
    render,
    render_parts,
    rendered,
    request_tokens,
    tokens,
)
from nlu_shared.rendering.bm25 import HEADING, Bank
from nlu_shared.rendering.retrieval import SOURCES, source
from nlu_shared.schemas.ground_truth import Context, Turn
from nlu_shared.schemas.prompts import Block, Example, PromptContent, Retrieval, TaskKind
from nlu_shared.schemas.retrieval import Selector

from tests.fixtures.from_schema import instances

INTENT = AnswerSpace(TaskKind.INTENT, ("pay", "stop"))
ROWS = [
    ("where is my parcel", "find"),
    ("the parcel is late, where is it", "find"),
    ("my card was stolen", "block"),
    ("a stolen card", "block"),
    ("what is the rate for euros", "rate"),
]
words = some.sampled_from(["pay", "card", "parcel", "late", "rate", "my", "the", "a"])
texts = some.lists(words, max_size=8).map(" ".join)
rows = some.lists(some.tuples(texts, some.sampled_from("xyz")), min_size=1, max_size=12)


def line(text: str, label: str, **rest: Any) -> str:
    return json.dumps({**rest, "text": text, "label": label}, ensure_ascii=False)


def bank(
    of: list[tuple[str, str]], k: int = 2, per_answer: int = 9, max_characters: int = 999
) -> Bank:
    return Bank([line(text, label) for text, label in of], k, per_answer, max_characters)


def shown(lines: list[str]) -> list[str]:
    return [json.loads(one)["text"] for one in lines]


def prompt(k: int = 2, **settings: int) -> PromptContent:
    retrieval = Retrieval(
        selector=Selector.BM25_1,
        k=k,
        per_answer=settings.get("per_answer", 2),
        max_characters=settings.get("max_characters", 500),
        bank=tuple(Example(text=text, output=label) for text, label in ROWS),
    )
    return PromptContent(
        instructions=(Block(name="role", text="Sort."),),
        examples=(Example(text="fixed", output="pay"),),
        retrieval=retrieval,
    )


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("stolen card", ["my card was stolen", "a stolen card"]),
        ("STOLEN-CARD?", ["my card was stolen", "a stolen card"]),
        ("parcel", ["the parcel is late, where is it", "where is my parcel"]),
        ("euros", ["where is my parcel", "what is the rate for euros"]),
        ("nothing alike", ["the parcel is late, where is it", "where is my parcel"]),
        ("", ["the parcel is late, where is it", "where is my parcel"]),
    ],
)
def test_the_nearest_come_last_and_even_ones_by_their_order(text: str, nearest: list[str]) -> None:
    assert shown(bank(ROWS).nearest(text)) == nearest


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("wo ist das BURO", "Wo ist das Büro?"),
        ("wo ist das bu\u0308ro", "Wo ist das Büro?"),
        ("die Strasse", "Die Straße"),
        ("我的包裹在哪里", "包裹晚了"),
        ("ｒａｔｅ", "rate"),
    ],
)
def test_words_are_told_apart_by_neither_case_nor_marks_nor_blanks(text: str, nearest: str) -> None:
    made = [(one, "x") for one in ("Wo ist das Büro?", "Die Straße", "包裹晚了", "rate")]
    assert shown(bank(made, k=1).nearest(text)) == [nearest]


def test_what_was_said_last_before_a_text_counts_on_both_sides() -> None:
    turns = [{"text": "about the loan"}, {"text": "and the card?"}]
    lines = [line("yes", "a"), line("yes", "b", before=turns), line("no", "c")]
    assert Bank(lines, 1, 1, 99).nearest("yes", turns) == [lines[1]]
    long_ago = [{"text": "no"}, {"text": "well"}, {"text": "so"}]
    assert Bank(lines, 1, 1, 99).nearest("hm", long_ago) == [lines[0]]


@given(
    of=rows,
    text=texts,
    k=some.integers(1, 6),
    cap=some.integers(1, 3),
    bound=some.integers(1, 240),
)
def test_no_bound_is_passed_and_no_line_shown_twice(
    of: list[tuple[str, str]], text: str, k: int, cap: int, bound: int
) -> None:
    lines = [line(*one) for one in of]
    chosen = Bank(lines, k, cap, bound).nearest(text)
    assert len(chosen) <= k
    assert not Counter(chosen) - Counter(lines)
    assert max(Counter(json.loads(one)["label"] for one in chosen).values(), default=0) <= cap
    assert sum(map(len, chosen)) <= bound
    assert Bank(lines, k, cap, bound).nearest(text) == chosen


@given(of=rows, text=texts)
def test_nearness_is_bm25_as_it_is_written_down(of: list[tuple[str, str]], text: str) -> None:
    counts = [Counter(one.split()) for one, _ in of]
    lengths = [sum(one.values()) for one in counts]
    mean = sum(lengths) / len(lengths) or 1

    def score(at: int) -> float:
        total = 0.0
        for word in set(text.split()):
            held = sum(word in one for one in counts)
            times = counts[at][word]
            rarity = math.log(1 + (len(of) - held + 0.5) / (held + 0.5))
            total += rarity * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * lengths[at] / mean))
        return round(total, 9)

    best = max(range(len(of)), key=lambda at: (score(at), -at))
    assert shown(bank(of, k=1, max_characters=99_999).nearest(text)) == [of[best][0]]


def test_the_chosen_stand_last_and_what_comes_before_them_is_cached() -> None:
    system = render(prompt(), "a stolen card", answers=INTENT, model="m").messages()["system"]
    marked = [at for at, part in enumerate(system) if "cache_control" in part]
    assert marked == [len(system) - 2]
    assert shown(system[-1]["text"].splitlines()[1:]) == ["my card was stolen", "a stolen card"]
    chat = render(prompt(), "a stolen card", answers=INTENT, model="m").chat_completions()
    assert chat["messages"][0]["content"].endswith(system[-1]["text"])


def test_two_texts_share_all_but_the_chosen_examples() -> None:
    one, other = (render(prompt(), t, answers=INTENT, model="m") for t in ("parcel", "card"))
    assert one.system[:-1] == other.system[:-1] == rendered(prompt(), INTENT).system
    assert one.system[-1] != other.system[-1]
    assert one.key != other.key


@pytest.mark.parametrize("answers", [INTENT, AnswerSpace(TaskKind.EXTRACTION)])
@given(content=instances(PromptContent), text=some.text())
def test_a_rendered_bank_chooses_the_same(
    answers: AnswerSpace, content: PromptContent, text: str
) -> None:
    context = Context(before=(Turn(speaker="bot", text="Hi «é»?"),))
    sent = type(rendered(content, answers)).model_validate_json(
        rendered(content, answers).model_dump_json()
    )
    whole = render(content, text, context, answers=answers, model="m")
    assert render_parts(sent, text, context, model="m").messages() == whole.messages()
    assert sent.computed_hash == sent.rendered_hash


def test_every_setting_of_a_bank_is_part_of_the_version_and_of_its_rendered_form() -> None:
    ways = [prompt(), prompt(k=3), prompt(per_answer=1), prompt(max_characters=90)]
    assert len({one.version_hash for one in ways}) == len(ways)
    assert len({rendered(one, INTENT).rendered_hash for one in ways}) == len(ways)


def test_the_order_of_a_bank_is_part_of_the_version() -> None:
    one = prompt()
    assert one.retrieval is not None
    turned = one.retrieval.model_copy(update={"bank": one.bank[::-1]})
    assert one.model_copy(update={"retrieval": turned}).version_hash != one.version_hash


@given(
    of=rows,
    text=texts,
    k=some.integers(1, 6),
    cap=some.integers(1, 3),
    bound=some.integers(1, 240),
)
def test_no_request_takes_more_tokens_than_its_prompt_is_counted_with(
    of: list[tuple[str, str]], text: str, k: int, cap: int, bound: int
) -> None:
    """Whatever is chosen; and no more is counted than the k longest lines, nor than the bank."""
    examples = tuple(Example(text=text, output=label) for text, label in of)
    retrieval = Retrieval(
        selector=Selector.BM25_1, k=k, per_answer=cap, max_characters=bound, bank=examples
    )
    content = prompt().model_copy(update={"retrieval": retrieval})
    request = render(content, text, answers=INTENT, model="m")
    counted = prompt_tokens(content, INTENT)
    assert request_tokens(request) - tokens(request.user) <= counted
    bare = content.model_copy(update={"retrieval": None})
    sizes = sorted(part_tokens(one, INTENT) for one in examples)
    assert part_tokens(retrieval, INTENT) == counted - prompt_tokens(bare, INTENT)
    assert part_tokens(retrieval, INTENT) <= sum(sizes[-k:]) + tokens(HEADING)
    assert sum(sizes) == bank_tokens(content, INTENT)


def test_the_bound_is_reached_where_all_lines_are_as_long() -> None:
    examples = tuple(Example(text=f"word {n}", output="pay") for n in range(5))
    retrieval = Retrieval(
        selector=Selector.BM25_1, k=2, per_answer=2, max_characters=999, bank=examples
    )
    even = prompt().model_copy(update={"retrieval": retrieval})
    request = render(even, "word 3", answers=INTENT, model="m")
    assert request_tokens(request) - tokens(request.user) == prompt_tokens(even, INTENT)


@pytest.mark.parametrize("selector", Selector)
def test_a_selector_never_changes(selector: Selector) -> None:
    """Exports that are out there hold it to the letter: what chooses otherwise has another name."""
    assert hashlib.sha256(source(selector).encode()).hexdigest() == SOURCES[selector]
