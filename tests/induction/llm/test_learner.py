"""The task model: better prompts score better, worse ones worse, whatever the data."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from offline_model.learner import Learner, read

from tests.induction.llm.toys import Toy, prompt, toy

SEEDS = st.integers(0, 10_000)


def accuracy(kind: Toy, rules: dict[str, str], examples: list[tuple[str, str]]) -> float:
    system = "\n".join(prompt(kind.labels, rules, examples))
    learner = Learner(read(system, kind.labels, "label"), kind.labels)
    cases = kind.cases(per_label=15, seed=99)
    return sum(learner.answer(text)[0] == label for text, label in cases) / len(cases)


@settings(max_examples=15)
@given(SEEDS)
def test_each_batch_of_examples_scores_better_than_none(seed: int) -> None:
    kind = toy(seed)
    none, few, many = (
        accuracy(kind, {}, kind.cases(per_label=count, seed=seed)) for count in (0, 1, 6)
    )
    assert none < few < many
    assert many > 0.95


@settings(max_examples=15)
@given(SEEDS)
def test_telling_rules_score_better_and_rules_for_the_wrong_labels_worse(seed: int) -> None:
    kind = toy(seed)
    right = {label: " ".join(kind.words[label][:5]) for label in kind.labels}
    turned = dict(zip(kind.labels, [*list(right.values())[1:], right[kind.labels[0]]], strict=True))
    assert accuracy(kind, right, []) > 0.8 > accuracy(kind, {}, []) > accuracy(kind, turned, [])


@pytest.mark.law
@settings(max_examples=15)
@given(SEEDS)
def test_wrong_examples_cost_score(seed: int) -> None:
    kind = toy(seed)
    good = kind.cases(per_label=3, seed=seed)
    chance = random.Random(seed)
    spoiled = [(text, chance.choice([x for x in kind.labels if x != y])) for text, y in good]
    assert accuracy(kind, {}, good) >= accuracy(kind, {}, [*good, *spoiled]) - 0.02
    assert accuracy(kind, {}, spoiled) < accuracy(kind, {}, [])


@settings(max_examples=15)
@given(SEEDS)
def test_examples_for_some_labels_do_not_drown_the_others(seed: int) -> None:
    kind = toy(seed)
    rules = {label: " ".join(kind.words[label]) for label in kind.labels}
    half = [one for one in kind.cases(per_label=6, seed=seed) if one[1] in kind.labels[:3]]
    assert accuracy(kind, rules, half) >= accuracy(kind, rules, []) - 0.02


def test_confidence_tells_right_answers_from_wrong_ones() -> None:
    kind = toy(5)
    system = "\n".join(prompt(kind.labels, {}, kind.cases(per_label=1, seed=5)))
    learner = Learner(read(system, kind.labels, "label"), kind.labels)
    sure: dict[bool, list[float]] = {True: [], False: []}
    for text, label in kind.cases(per_label=30, seed=6):
        predicted, confidence = learner.answer(text)
        assert 0 <= confidence <= 1
        sure[predicted == label].append(confidence)
    mean = {right: sum(values) / len(values) for right, values in sure.items()}
    assert mean[True] > mean[False] + 0.1


def test_a_text_of_unknown_words_is_answered_without_confidence() -> None:
    kind = toy(1)
    learner = Learner(read("", kind.labels, "label"), kind.labels)
    assert learner.answer("")[1] == pytest.approx(1 / len(kind.labels), abs=1e-3)


def test_labels_with_colons_and_line_breaks_are_found_in_their_lines() -> None:
    labels = ("a: b", "a", "two\nlines")
    reading = read("- a: b: money\n- a: parcels\n- two lines: greetings", labels, "label")
    assert {label: text for text, label in reading.profiles} == {
        "a: b": "a: b .  money",
        "a": "a .  parcels",
        "two\nlines": "two\nlines .  greetings",
    }


def test_lines_that_only_look_like_examples_are_text() -> None:
    lines = ['{"text": 3, "label": "a"}', '{"text": "x"}', "{broken", '{"a":' * 50_000]
    reading = read("\n".join(lines), ("a",), "label")
    assert reading.examples == ()
    assert len(reading.rest) == len(lines)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_prompt_and_any_text_get_one_of_the_labels(system: str, text: str) -> None:
    labels = ("yes", "no")
    predicted, confidence = Learner(read(system, labels, "label"), labels).answer(text)
    assert predicted in labels
    assert 0 <= confidence <= 1
