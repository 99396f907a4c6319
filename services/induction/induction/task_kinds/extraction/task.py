"""What is particular to extraction as a task: its objective, mistakes and strata.

How a prompt is put into words is `nlu_shared.rendering`'s, how extractions are compared in `match`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from nlu_shared.measure import f1
from nlu_shared.rendering import AnswerSpace, read
from nlu_shared.rendering.names import plain
from nlu_shared.schemas.extraction import VARIABLES, Event, EventKind, Extraction, Person
from nlu_shared.schemas.prompts import Example, PromptContent, TaskKind
from nlu_shared.schemas.tasks import Unanswerable
from pydantic import JsonValue, ValidationError

from induction.task_kinds.base import (
    Case,
    Component,
    Mistake,
    ModelAnswer,
    ModelPrediction,
    NoTruth,
    Score,
)
from induction.task_kinds.extraction import discussion, explain, score, wording
from induction.task_kinds.extraction.discussion import Statement
from induction.task_kinds.extraction.match import RELAXED, Matching, match
from induction.task_kinds.extraction.names import ANYBODY
from induction.task_kinds.extraction.sides import Side
from induction.task_kinds.extraction.wording import extracted

NO_ANSWER = "no_answer"
BANDS = ((0, "0 entities"), (3, "1-3 entities"), (6, "4-6 entities"), (12, "7-12 entities"))
"""Of strata: the most entities of a band, and its name."""
DIGITS = 9
HANGS_ON = {
    "people": ("person",),
    "events": ("event",),
    "structural": ("event",),
    "shift": ("event",),
    "pair_bonds": ("pair_bond",),
    "child_of": ("person", "pair_bond"),
}
"""The types of items whose mistakes lower a component."""
NAMED = (*HANGS_ON, *VARIABLES)
"""What an operator can focus on or guard."""


class ExtractionTask:
    """Codes what is said about a family. The objective is micro-F1 over people, events and pair
    bonds, pooled over all cases."""

    kind = TaskKind.EXTRACTION
    answers = AnswerSpace(TaskKind.EXTRACTION)
    scorer = "extraction_micro_f1/2"
    components_in_words = f"one of {', '.join(NAMED)}"
    stratum_in_words = "size of a truth"
    component_names = NAMED

    def baseline(self) -> PromptContent:
        return wording.plain_prompt()

    def problems(self, prompt: PromptContent) -> list[str]:
        """Codes no longer named in the instructions; examples whose answer is no extraction."""
        missing = [f"code {code!r} is not named" for code in wording.unnamed_codes(prompt)]
        strange = [
            f"example {index} answers with no extraction"
            for index, example in enumerate(prompt.all_examples)
            if not self.is_valid_output(example.output)
        ]
        return missing + strange

    def parse(self, answer: ModelAnswer) -> ModelPrediction:
        return read(answer, self.answers)

    def example(self, case: Case) -> Example:
        return wording.example(case)

    def is_valid_output(self, output: JsonValue) -> bool:
        try:
            Extraction.model_validate(output)
        except ValidationError:
            return False
        return True

    def read(self, truth: JsonValue) -> JsonValue:
        """As it is."""
        if not self.is_valid_output(truth):
            raise NoTruth(Unanswerable.NO_EXTRACTION)
        return truth

    def case_score(self, truth: JsonValue, prediction: ModelPrediction) -> float:
        """The case's own objective; 0 for a fault, even where there was nothing to extract."""
        if prediction.fault is not None:
            return 0.0
        return round(float(self.objective(self.counts([truth], [prediction])[0])), DIGITS)

    def score(self, truths: Sequence[JsonValue], predictions: Sequence[ModelPrediction]) -> Score:
        """The scores of `score.scores`, of the pooled counts."""
        return _scored(self.counts(truths, predictions))

    def per_conversation(
        self, cases: Sequence[Case], predictions: Sequence[ModelPrediction]
    ) -> Score | None:
        statements = [
            Statement(
                case.group,
                case.context,
                truth=Extraction.model_validate(case.truth),
                predicted=extracted(prediction),
            )
            for case, prediction in zip(cases, predictions, strict=True)
        ]
        by_discussion = discussion.counts(statements)
        return _scored(by_discussion) if len(by_discussion) else None

    def counts(
        self, truths: Sequence[JsonValue], predictions: Sequence[ModelPrediction]
    ) -> f1.Counts:
        """As `score.counts`; a fault found nothing, and is exact nowhere."""
        table = score.counts(
            [Extraction.model_validate(truth) for truth in truths],
            [extracted(prediction) for prediction in predictions],
        )
        faults = [place for place, one in enumerate(predictions) if one.fault is not None]
        table[faults, score.ROW["exact"]] = (0, 0, 1)
        return table

    def counted(self, truths: Sequence[JsonValue]) -> Sequence[str]:
        return score.COMPONENTS

    def objective(self, counts: f1.Counts | f1.Floats) -> f1.Floats:
        return score.objective(counts)

    def component(self, name: str) -> Component | None:
        """The F1 of a type of item, of structural or shift events, or of a coded variable."""
        if name not in NAMED:
            return None
        return Component(
            name,
            f1=lambda counts: score.scores(counts)[name],
            concerns=lambda mistake: _concerns(name, mistake),
        )

    def mistakes(self, truth: JsonValue, prediction: ModelPrediction) -> list[Mistake]:
        """What was missed, what was too much, and what was nearly right but for one condition;
        then the wrong codes of matched events."""
        if prediction.fault is not None:
            return [Mistake(NO_ANSWER, "an extraction", None)]
        matching = match(Side(Extraction.model_validate(truth)), Side(extracted(prediction)))
        return [*_entities(matching), *_codes(matching)]

    def nearly(self, truth: JsonValue, prediction: ModelPrediction) -> str | None:
        """A date, a gender or names that the strict scorer holds apart and a relaxed one would not
        (see `match.RELAXED`), where that alone makes the difference."""
        if prediction.fault is not None or not self.mistakes(truth, prediction):
            return None
        sides = Side(Extraction.model_validate(truth)), Side(extracted(prediction))
        for name, rules in RELAXED.items():
            matching = match(*sides, rules)
            if not any(_entities(matching)) and not any(_codes(matching)):
                return name
        return None

    def holds(self, truth: JsonValue) -> frozenset[str]:
        """Its items as `mistakes` calls them, and the codes of its shifts."""
        one = Extraction.model_validate(truth)
        items = {
            *map(_named, one.people),
            *map(_named, one.events),
            *map(_named, one.pair_bonds),
        }
        coded = {getattr(event, variable) for event in one.events for variable in VARIABLES}
        return frozenset(items | {str(code) for code in coded if code is not None})

    def people(self, truth: JsonValue) -> frozenset[str]:
        """First and last names; "User" is the client whose name nobody said."""
        people = Extraction.model_validate(truth).people
        known = {name for one in people for name in (one.name, one.last_name) if name}
        return frozenset(name for name in known if plain(name) != ANYBODY)

    def stratum(self, truth: JsonValue) -> str:
        """The band of how many entities there are to find."""
        one = Extraction.model_validate(truth)
        size = len(one.people) + len(one.events) + len(one.pair_bonds)
        return next((name for most, name in BANDS if size <= most), "more than 12 entities")

    def describe(self) -> dict[str, Any]:
        codes = {field: [code.value for code in values] for field, values in wording.CODES.items()}
        return {"kind": str(self.kind), "codes": codes}


def _scored(by_case: f1.Counts) -> Score:
    total = by_case.sum(axis=0)
    by_name = {name: round(float(one), DIGITS) for name, one in score.scores(total).items()}
    return Score(
        by_name.pop("aggregate"),
        by_name,
        len(by_case),
        pooled=score.pooled(total),
        support={name: many for name, many in score.support(by_case).items() if many},
    )


def _concerns(component: str, mistake: Mistake) -> bool:
    """A coded variable is scored on matched events, so only its wrong codes lower it."""
    if mistake.kind == NO_ANSWER:
        return True
    if component in VARIABLES:
        return mistake.kind == f"wrong_{component}"
    if not mistake.kind.endswith(HANGS_ON[component]):
        return False
    of_shift = (mistake.truth or mistake.predicted or "").startswith(str(EventKind.SHIFT))
    return component not in ("structural", "shift") or of_shift == (component == "shift")


def _entities(matching: Matching) -> Iterator[Mistake]:
    """A missed item and an extra one that are each other's nearest are one mistake."""
    misses = explain.misses(matching)
    nearest = {id(miss.item): miss.nearest for miss in misses}
    for miss in misses:
        met = miss.nearest is not None and nearest.get(id(miss.nearest)) is miss.item
        named = _named(miss.item)
        if met and not miss.is_extra:
            yield Mistake(f"mismatched_{miss.entity}", named, f"another {miss.condition}")
        elif not met and miss.is_extra:
            yield Mistake(f"extra_{miss.entity}", None, named)
        elif not met:
            yield Mistake(f"missed_{miss.entity}", named, None)


def _codes(matching: Matching) -> Iterator[Mistake]:
    for row, column in matching.events:
        for variable in VARIABLES:
            truth = getattr(matching.truth.events[row], variable)
            predicted = getattr(matching.predicted.events[column], variable)
            if truth is not predicted:
                yield Mistake(f"wrong_{variable}", truth or score.NONE, predicted or score.NONE)


def _named(item: explain.Item) -> str:
    """What kind of item it is; never the name of a person."""
    if isinstance(item, Event):
        coded = [name for name in VARIABLES if getattr(item, name) is not None]
        return " ".join([item.kind, *coded]) if item.kind is EventKind.SHIFT else str(item.kind)
    if isinstance(item, Person):
        return f"person ({item.gender})" if item.gender else "person"
    return "pair bond"
