"""Generated questions for models: labels with words of their own, requests, a meta-prompt."""

import json
import random
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from induction.task_kinds.base import ModelRequest

MODEL = "claude-haiku-5-5"
_SYLLABLES = ["ba", "do", "fi", "gu", "ke", "lo", "mi", "nu", "pa", "ro", "su", "te", "vi", "zo"]
_FILLER = ["please", "could", "you", "the", "my", "for", "now", "again"]


@dataclass(frozen=True)
class Toy:
    """Labels whose names say nothing about their texts; every label has eight words of its own."""

    labels: tuple[str, ...]
    words: dict[str, list[str]]

    def text(self, label: str, chance: random.Random) -> str:
        drawn = chance.sample(self.words[label], 3) + chance.sample(_FILLER, 3)
        chance.shuffle(drawn)
        return " ".join(drawn)

    def cases(self, per_label: int, seed: int) -> list[tuple[str, str]]:
        chance = random.Random(seed)
        return [
            (self.text(label, chance), label) for label in self.labels for _ in range(per_label)
        ]


def toy(seed: int, labels: int = 6) -> Toy:
    chance = random.Random(seed)
    made: set[str] = set()
    while len(made) < labels * 8:
        made.add("".join(chance.choices(_SYLLABLES, k=4)))
    pool = sorted(made)
    chance.shuffle(pool)
    names = tuple(f"class_{letter}" for letter in "abcdefghijklmnop"[:labels])
    return Toy(names, {name: pool[i * 8 : i * 8 + 8] for i, name in enumerate(names)})


def choice_schema(labels: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "label": {"type": "string", "enum": list(labels)},
            "confidence": {"type": "number"},
        },
        "required": ["label", "confidence"],
        "additionalProperties": False,
    }


def prompt(
    labels: tuple[str, ...], rules: dict[str, str], examples: list[tuple[str, str]]
) -> tuple[str, ...]:
    lines = "\n".join(f"- {label}: {rules.get(label, '')}" for label in labels)
    shown = "\n".join(json.dumps({"text": text, "label": label}) for text, label in examples)
    return (f"Choose one label.\n{lines}", f"Examples:\n{shown}")


def question(system: tuple[str, ...], text: str, labels: tuple[str, ...]) -> ModelRequest:
    return ModelRequest(
        model=MODEL,
        system=system,
        user=json.dumps({"text": text}),
        schema=choice_schema(labels),
        max_tokens=256,
    )


def simple_question(text: str = "where is my parcel") -> ModelRequest:
    labels = ("parcel", "refund", "greeting")
    rules = {"parcel": "delivery of a parcel", "refund": "money back", "greeting": "hello"}
    return question(prompt(labels, rules, []), text, labels)


def case(number: int, text: str, truth: str, predicted: str, *, may_quote: bool) -> dict[str, Any]:
    return {
        "id": str(UUID(int=number)),
        "text": text,
        "truth": truth,
        "predicted": predicted,
        "may_quote": may_quote,
    }


def meta(patterns: list[dict[str, Any]], **other: Any) -> dict[str, Any]:
    """A meta-prompt over the labels `refund` and `parcel`."""
    return {
        "task": {
            "kind": "intent",
            "labels": [
                {"name": "parcel", "description": "where a delivery is"},
                {"name": "refund", "description": "money back"},
            ],
        },
        "prompt": {
            "instructions": [
                {"name": "labels", "text": "- parcel: delivery\n- refund:", "protected": True},
                {"name": "rules", "text": "Rules:", "protected": False},
            ],
            "examples": [{"text": "where is my parcel", "output": "parcel"}],
        },
        "score": {"objective": 0.5, "components": {}, "cases": 20},
        "patterns": patterns,
        "tried": [],
        "hints": [],
        "limits": {"added_examples": 12, "instruction_tokens": 3000},
        "previous_answer_was_invalid": None,
    } | other


def confusion(cases: list[dict[str, Any]], truth: str, predicted: str) -> dict[str, Any]:
    return {
        "kind": "confused_labels",
        "summary": f"{truth} taken for {predicted}",
        "truth": truth,
        "predicted": predicted,
        "count": len(cases),
        "cases": cases,
    }
