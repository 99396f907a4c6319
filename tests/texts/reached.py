"""Every function that a logged text reaches, by what it is called here: one line each.

Each takes the text. A new function that reads texts of predictions or cases gets its line here.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from induction.engine.data.folding import words
from induction.engine.data.groups import groups_of
from induction.engine.evaluation import usable
from induction.engine.evaluation.results import EvalResults, judge
from induction.engine.headroom.classifier import out_of_fold
from induction.engine.leak_guard import leaks, screen
from induction.engine.leak_guard.names import names
from induction.engine.proposal import error_patterns, meta_prompt
from induction.engine.proposal.rungs import rungs
from induction.history.blame import VersionStep, blame
from induction.prompts.diff import compare
from induction.prompts.export import to_module
from induction.prompts.reading import read_module
from induction.task_kinds.base import Case, ModelAnswer, ModelPrediction, Outcome, Task, framed
from induction.task_kinds.extraction import ExtractionTask
from induction.task_kinds.extraction import names as people
from induction.task_kinds.intent import IntentTask
from nlu_logger.anonymise.text import anonymiser
from nlu_logger.exports.formats import form_of
from nlu_logger.exports.pairs import make_pairs
from nlu_logger.exports.splits import Shares, split_of
from nlu_logger.ground_truth.service import text_key
from nlu_logger.imports.labelled import Labelling, cases_of
from nlu_logger.imports.rejected import rejected
from nlu_logger.reviews.priority import Candidate, alike, next_to_label
from nlu_shared.client.classification import Classification, prediction_of
from nlu_shared.client.prompted.module import served_of
from nlu_shared.files.formats.base import Columns, Shape
from nlu_shared.files.reading import examples
from nlu_shared.files.rows import Line
from nlu_shared.ids import uuid7
from nlu_shared.kit.errors import Invalid
from nlu_shared.rendering import ModelRequest, as_bytes, dates, render, request_tokens
from nlu_shared.rendering.answers import read_message
from nlu_shared.rendering.bm25 import Bank
from nlu_shared.rendering.extraction import SCHEMA
from nlu_shared.rendering.names import plain
from nlu_shared.rendering.vote import vote
from nlu_shared.schemas.exports import ExportFormat, LabelledText
from nlu_shared.schemas.ground_truth import Context, Turn, case_hash
from nlu_shared.schemas.labels import LabelSpec, NoLabel, like, read_truth
from nlu_shared.schemas.predictions import PredictionIn
from nlu_shared.schemas.prompts import Block, Example, PromptContent
from offline_model import clauses, features, ideas, learner, meta
from offline_model.extractor import Extractor
from offline_model.obedient import obeyed
from offline_model.telling import likeness, telling_words

INTENTS = IntentTask([LabelSpec(name="pay", description="money"), LabelSpec(name="stop")])
FAMILIES = ExtractionTask()
RULES = anonymiser(["Acme Corp", "a a b", "müller"])
CHOICES = {
    name: tuple(field["enum"])
    for name, field in SCHEMA["properties"]["events"]["items"]["properties"].items()
    if "enum" in field
}
LABELS = ("pay", "stop")
LEARNER = learner.Learner(learner.read("- pay: money\n- stop: no more", LABELS, "label"), LABELS)


def _case(text: str, number: int = 1, truth: str = "pay", *, may_quote: bool = True) -> Case:
    return Case(UUID(int=number), text, truth, str(number), may_quote)


def _cases(text: str) -> list[Case]:
    """It stands before another, and beside itself with one word more."""
    before = Context(before=(Turn(text=text),))
    return [_case(text), _case(f"{text} b", 2, "stop"), replace(_case("a b c", 3), context=before)]


def _prompt(text: str, task: Task = INTENTS) -> PromptContent:
    plain = task.baseline()
    block = Block(name="told", text=text)
    example = Example(text=text, output="pay", case_id=UUID(int=1))
    return PromptContent(instructions=(*plain.instructions, block), examples=(example,))


def _sent(text: str, task: Task = INTENTS) -> ModelRequest:
    return render(_prompt(text, task), text, answers=task.answers, model="m")


def _screened(text: str) -> None:
    held_out = [_case(f"{text} c", 4, may_quote=False), _case(text[1:], 5)]
    baseline = INTENTS.baseline()
    cases = leaks.guarded(INTENTS, baseline, _cases(text)[:1], held_out[:1])
    screen.objections(INTENTS, baseline, _prompt(text), baseline=baseline, cases=cases)
    screen.quoted_by(_prompt(text), _cases(text)[2:], held_out[1:])


def _diagnosed(text: str) -> None:
    wrong = ModelPrediction(output=text)
    entries = {case.id: judge(INTENTS, case, wrong) for case in _cases(text)}
    error_patterns.patterns_of(EvalResults(entries))


def _exported(text: str) -> str:
    return to_module(
        _prompt(text), task="t", version_id=UUID(int=1), answers=INTENTS.answers, facts={}
    )


def _people(text: str) -> ModelPrediction:
    answer = ModelAnswer(Outcome.OK, json.dumps({"people": [{"id": -1, "name": text}]}))
    return FAMILIES.parse(answer)


def _matched(text: str) -> None:
    truth = {"people": [{"id": -1, "name": text}], "events": [_event(text)]}
    other = {"people": [{"id": -1, "name": f"{text} b"}], "events": [_event(f"{text} 1985")]}
    FAMILIES.mistakes(truth, ModelPrediction(output=other))


def _event(text: str) -> dict[str, object]:
    return {"id": -2, "kind": "birth", "child": -1, "dateTime": text, "description": text}


def _coded(text: str) -> str:
    return json.dumps({"text": text, "extraction": {"events": [_event(text)]}}, ensure_ascii=False)


EXTRACTOR = Extractor(_coded("Ann was born in 1985."), CHOICES)


def _meta(text: str) -> meta.Meta:
    shown = [meta.Case(id=str(n), text=text, truth="pay", predicted="stop") for n in range(2)]
    prompt = meta.Prompt.model_validate({"instructions": [{"name": "a", "text": text}]})
    return meta.Meta(
        prompt=prompt, patterns=[meta.Pattern(truth="pay", predicted="stop", cases=shown)]
    )


def _change(text: str) -> ModelAnswer:
    edit = {"op": "add_example", "text": text, "output": "pay"}
    change = {"strategy": "A", "rationale": "r", "edits": [edit]}
    return ModelAnswer(Outcome.OK, json.dumps(change, ensure_ascii=False))


def _predicted(text: str) -> PredictionIn:
    return PredictionIn(prompt=text, predicted_intent="pay", confidence=0.5)


def _labelled(text: str) -> None:
    row = Line(1, {"text": text, "label": "pay"})
    list(cases_of(row, Labelling(task="intent", may_quote=True)))


def _read(written: str) -> None:
    """A file that holds the text, however it is laid out."""
    try:
        list(examples([written.encode()], Columns(), strict=False).lines)
    except Invalid:
        return


def _rejected(text: str) -> None:
    line = Line(1, Invalid("no"), raw=f"{text},{text}")
    for shape in (Shape.TABLE, Shape.JSON):
        rejected(shape, ["text,label"]).row(line, "no")


def _read_as_a_label(text: str) -> None:
    with suppress(NoLabel):
        read_truth([text])
    like(text, [text.upper(), f"{text} b"])


REACHED: Mapping[str, Callable[[str], object]] = {
    # nlu-logger and its client
    "client/classification.prediction_of": lambda text: prediction_of(
        Classification(intent="pay", confidence=0.5),
        id=uuid7(),
        known=set(),
        task="intent",
        prompt=text,
    ),
    "schemas/predictions.PredictionIn": _predicted,
    "anonymise/text.text": RULES.text,
    "ground_truth/service.text_key": text_key,
    "exports/formats.csv": lambda text: form_of(ExportFormat.CSV, ["text"]).block([[text]]),
    "exports/formats.jsonl": lambda text: form_of(ExportFormat.JSONL, ["text"]).block([[text]]),
    "exports/pairs.make_pairs": lambda text: list(
        make_pairs(
            [LabelledText(text=f"{text} {n}", label=str(n % 2)) for n in range(4)],
            seed=1,
        )
    ),
    "exports/splits.split_of": lambda text: split_of(text, Shares(80, 10, 10), seed=1),
    "imports/labelled.cases_of": _labelled,
    "imports/rejected.row": _rejected,
    "files/reading.table": lambda text: _read(f"text,label\n{text},a\n{text}"),
    "files/reading.header": lambda text: _read(f"{text}\n{text}"),
    "files/reading.json": lambda text: _read(f'{{"text": {json.dumps(text)}, "label": "a"}}'),
    "files/reading.printed": lambda text: _read(f'{{\n"text": {json.dumps(text)},\n"label": "a"}}'),
    "files/reading.odd": lambda text: _read("{" + text),
    "files/rasa.yaml": lambda text: _read(f"nlu:\n- intent: a\n  examples: |\n    - {text}\n"),
    "files/rasa.markdown": lambda text: _read(f"## intent:a\n- {text}\n- {text}"),
    "files/snips.yaml": lambda text: _read(f"type: intent\nutterances:\n- {json.dumps(text)}\n"),
    "files/atis": lambda text: _read(f"a\t{text}\na\t{text}\n"),
    "files/langfuse": lambda text: _read(json.dumps({"input": text, "expectedOutput": text})),
    "reviews/priority.alike": lambda text: alike(text, [(uuid7(), f"{text} {n}") for n in "123"]),
    "reviews/priority.next_to_label": lambda text: next_to_label(
        [Candidate(uuid7(), "intent", f"{text} {n}", "pay", 0.5, 0.1) for n in range(3)], {}, 3
    ),
    # what both hash, and what stands before a case
    "schemas/ground_truth.case_hash": lambda text: case_hash(
        task="intent", text=text, truth="pay", group=None, may_quote=True
    ),
    "schemas/labels.read_truth": _read_as_a_label,
    # induction's tasks
    "tasks/base.framed": lambda text: framed(text, None),
    "tasks/intent.request": _sent,
    "tasks/intent.problems": lambda text: INTENTS.problems(_prompt(text)),
    "tasks/intent.parse": lambda text: INTENTS.parse(ModelAnswer(Outcome.OK, text)),
    "rendering/leniency, in prose": lambda text: INTENTS.parse(
        ModelAnswer(Outcome.MALFORMED, f'{text} {{"label": {json.dumps(text)}}} {text}')
    ),
    "rendering/leniency, cut": lambda text: FAMILIES.parse(
        ModelAnswer(Outcome.CUT, '{"people": [{"name": "' + text)
    ),
    "rendering/leniency, braces": lambda text: INTENTS.parse(
        ModelAnswer(Outcome.MALFORMED, "{" + text.replace(" ", "} {"))
    ),
    "rendering/leniency, spelling and confidence": lambda text: INTENTS.parse(
        ModelAnswer(Outcome.OK, json.dumps({"label": text, "confidence": text}))
    ),
    "engine/evaluation/usable.objection": lambda text: usable.objection(
        [usable.Unusable("no_object", text, f"{text} b")] * 20, answers=20
    ),
    "tasks/extraction.request": lambda text: _sent(text, FAMILIES),
    "tasks/extraction.problems": lambda text: FAMILIES.problems(_prompt(text, FAMILIES)),
    "tasks/extraction.parse": _people,
    "tasks/extraction.mistakes": _matched,
    "rendering/dates.read": dates.read,
    "rendering/vote": lambda text: vote([_people(text), _people(f"{text} b")], FAMILIES.kind),
    "rendering/names.plain": plain.__wrapped__,
    "tasks/extraction/names.similarity": lambda text: people.similarity(
        plain(text), plain(f"b {text}")
    ),
    # induction's engine
    "engine/data/folding.words": words,
    "engine/data/groups.groups_of": lambda text: groups_of(_cases(text)),
    "engine/leak_guard/names": lambda text: names(INTENTS, [text], _cases(text)).marks(text),
    "engine/leak_guard/screen": _screened,
    "engine/error_patterns.patterns_of": _diagnosed,
    "engine/proposal/meta_prompt.read": lambda text: meta_prompt.read(_change(text), INTENTS),
    "engine/proposal/rungs.rungs": lambda text: rungs(INTENTS, _prompt(text), _cases(text), seed=1),
    "rendering/tokens.request_tokens": lambda text: request_tokens(_sent(text)),
    "engine/headroom/classifier.out_of_fold": lambda text: out_of_fold(
        [replace(case, truth=label) for case in _cases(text) for label in ("pay", "stop")], seed=1
    ),
    "rendering.messages": lambda text: as_bytes(_sent(text).messages()),
    "rendering.chat_completions": lambda text: as_bytes(_sent(text, FAMILIES).chat_completions()),
    "rendering/answers.read_message": lambda text: read_message(
        {"type": "message", "content": [{"type": "text", "text": text}]}
    ),
    "prompts/export.to_module": _exported,
    "prompts/reading.read_module": lambda text: read_module(_exported(text)),
    "prompts/reading.read_module, edited": lambda text: read_module(_exported(text) + "# edited"),
    "rendering/bm25.Bank": lambda text: Bank([json.dumps({"text": text})], 1, 1, 9_999).part(
        text, [{"text": text}]
    ),
    "client/prompted/module.served_of": lambda text: served_of(_exported(text)),
    "prompts/diff.compare": lambda text: compare(
        _prompt(text), _prompt(f"{text}\nb"), INTENTS.answers
    ),
    "history/blame.blame": lambda text: blame(
        [VersionStep(UUID(int=1), _prompt(text)), VersionStep(UUID(int=2), _prompt(f"{text} b"))],
        INTENTS.answers,
    ),
    # the offline model
    "offline_model/clauses.clauses": clauses.clauses,
    "offline_model/features.spoken": features.spoken,
    "offline_model/learner.answer": LEARNER.answer,
    "offline_model/learner.read": lambda text: learner.Learner(
        learner.read(f"- pay: {text}\n{text}", LABELS, "label"), LABELS
    ),
    "offline_model/extractor.answer": lambda text: EXTRACTOR.answer(
        text, lambda kind, _: kind, before=[text]
    ),
    "offline_model/extractor.read": lambda text: Extractor(_coded(text), CHOICES),
    "offline_model/telling.likeness": lambda text: likeness(text, f"{text} b"),
    "offline_model/telling.telling_words": lambda text: telling_words(
        _meta(text), "pay", _meta(text).patterns[0].cases
    ),
    "offline_model/ideas.ideas": lambda text: list(ideas.ideas(_meta(text))),
    "offline_model/obedient.obeyed": lambda text: list(
        obeyed(_meta(text), ideas.ideas(_meta(text)))
    ),
}
