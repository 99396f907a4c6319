"""What the examples and rules of an extraction prompt teach, to be asked of a clause. Pure.

A clause is compared with the examples' clauses and with the rules by ridge regression, which tells
at once how far each kind of event, each code and each shape (who does what) follows. People are
capitalised words in places where the examples have people, and those whom the examples list for
such words without a name.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set

from offline_model.clauses import Clause, Mention
from offline_model.coded import (
    KIND,
    NOTHING,
    SLOTS,
    UNNAMED,
    Choices,
    Coded,
    Shape,
    read,
    variables,
)
from offline_model.features import Weights, look, spoken
from offline_model.ridge import Ridge, Row
from offline_model.words import words

SHIFT = "shift"
"""The kind of event that has codes."""
LIKELY = 0.5
"""The score from which an answer is rather right than wrong."""
Answer = tuple[str, str] | Shape
"""A field of an event with its value, or a shape."""


class Learned:
    """A prompt, read once."""

    def __init__(self, system: str, choices: Choices) -> None:
        self._kinds = (NOTHING, *choices[KIND])
        codes: dict[str, list[Answer]] = {kind: [(KIND, kind)] for kind in choices[KIND]}
        for name in variables(choices):
            codes |= {f"{name} {one}": [(KIND, SHIFT), (name, one)] for one in choices[name]}
        coded = read(system, _heads(choices), choices)
        self.lower_case = coded.lower_case
        self._weights, self._event = _events(coded, codes)
        self._person = Ridge(
            [
                (_surroundings(one), [is_person])
                for one, is_person in dict.fromkeys(coded.mentions)
                if not _is_common(one, coded.lower_case)
            ],
            at_first=[True],
        )
        often = Counter(one.unnamed for one in coded.shown if one.unnamed)
        self._unnamed = Ridge(
            [
                (
                    _spoken(one.clause),
                    [one.unnamed] if one.unnamed and often[one.unnamed] > 1 else [],
                )
                for one in coded.shown
            ]
        )
        self._certain: dict[int, Counter[str]] = defaultdict(Counter)
        for one in coded.shown:
            if one.certainty:
                self._certain[len(dated(one.clause, coded.lower_case))][one.certainty] += 1

    def people(self, clause: Clause, lower_case: Set[str]) -> list[str]:
        """Whom it names, in its order. What stands in `lower_case` and has its capital only
        because it opens a sentence, is no name."""
        return [one.name for one in clause.mentions if self._is_person(one, lower_case)]

    def unnamed(self, clause: Clause) -> str | None:
        """Whom it speaks of without a name, if the examples list somebody for such words."""
        scores = self._unnamed.scores(_spoken(clause))
        best = max(scores, key=lambda one: scores[one], default=None)
        return best if best is not None and scores[best] > LIKELY else None

    def certainty(self, date: Sequence[str]) -> str | None:
        """What the examples say most often of dates of so many words."""
        seen = self._certain.get(len(date))
        return max(sorted(seen), key=lambda one: seen[one]) if seen else None

    def judge(self, clause: Clause, named: Sequence[str]) -> "Judged":
        row = self._weights.row(look(clause, named))
        return Judged(self._event.scores(row), self._kinds)

    def _is_person(self, mention: Mention, lower_case: Set[str]) -> bool:
        scores = self._person.scores(_surroundings(mention))
        is_person = scores[True] >= scores.get(False, 0.0)
        return is_person and not _is_common(mention, lower_case)


class Judged:
    """How far each answer follows for one clause."""

    def __init__(self, scores: Mapping[Answer, float], kinds: Sequence[str]) -> None:
        self._scores = scores
        self._kinds = kinds

    def kind(self) -> str:
        return max(self._kinds, key=lambda kind: self._scores.get((KIND, kind), 0.0))

    def codes(self) -> dict[str, str]:
        """The likely value of each variable; the likeliest of all in any case."""
        best: dict[str, tuple[float, str]] = {}
        for answer, score in self._scores.items():
            if not isinstance(answer, Shape) and answer[0] != KIND and score > 0:
                name, value = answer
                best[name] = max(best.get(name, (0.0, "")), (score, value))
        least = min(LIKELY, max((score for score, _ in best.values()), default=LIKELY))
        return {name: value for name, (score, value) in best.items() if score >= least}

    def shape(self, kind: str, places: Set[int]) -> Shape | None:
        """The likeliest of this kind that these places can fill, an event's rather one of as many
        names; the first come do it where the prompt shows none of this kind. None where none
        fits."""
        shapes = [one for one in self._scores if isinstance(one, Shape) and one.kind == kind]
        names = sum(place >= 0 for place in places)
        if not shapes and kind != NOTHING:
            who = [place for place in (*range(names), UNNAMED) if place in places]
            return Shape(kind, names, tuple(zip(SLOTS[:2], who, strict=False)))
        fitting = [one for one in shapes if one.places <= places]
        if kind != NOTHING:
            speaks = names, UNNAMED in places
            alike = [one for one in fitting if (one.names, UNNAMED in one.places) == speaks]
            fitting = alike or fitting
        return max(fitting, key=lambda one: self._scores[one], default=None)


def _heads(choices: Choices) -> dict[str, str]:
    """How a line about a code may begin: a value that only one field has stands for itself."""
    fields = variables(choices)
    values = Counter(one for name in fields for one in choices[name])
    heads = {f"{name} {one}": f"{name} {one}" for name in fields for one in choices[name]}
    alone = {one: f"{name} {one}" for name in fields for one in choices[name] if values[one] == 1}
    return alone | heads | {kind: kind for kind in choices[KIND]}


def dated(clause: Clause, lower_case: Set[str]) -> list[str]:
    """The words of its date, without one that just opens a sentence."""
    return [word for word in (clause.date or "").split() if word.lower() not in lower_case]


def _events(coded: Coded, codes: Mapping[str, Sequence[Answer]]) -> tuple[Weights, Ridge[Answer]]:
    """With examples, which show how an event is told, the name of a code is a rule for it too."""
    phrases = {code: [code] if coded.shown else [] for code in codes}
    for code, tail in coded.rules:
        phrases[code] += tail.split(",")
    looks = [look(one.clause, one.named) for one in coded.shown]
    weights = Weights(looks, phrases)
    examples: list[Row[Answer]] = [
        (weights.row(seen), [(KIND, one.shape.kind), *one.codes, one.shape])
        for seen, one in zip(looks, coded.shown, strict=True)
    ]
    rules = [(weights.rule(code), codes[code]) for code in codes if phrases[code]]
    rules += [(weights.alone(spoken(tail)), codes[code]) for code, tail in coded.rules]
    return weights, Ridge(examples, rules=rules, at_first=[(KIND, NOTHING)])


def _is_common(mention: Mention, lower_case: Set[str]) -> bool:
    return not mention.before and mention.name.lower() in lower_case


def _surroundings(mention: Mention) -> dict[str, float]:
    words_of = (f"name {word}" for word in mention.name.split())
    return dict.fromkeys((f"before {mention.before}", f"after {mention.after}", *words_of), 1.0)


def _spoken(clause: Clause) -> dict[str, float]:
    return dict.fromkeys(words(clause.spoken_text), 1.0)
