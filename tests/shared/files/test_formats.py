"""The files of the field's tools: what each holds, as they write it, and what is refused of it."""

import json
from typing import Any

import pytest
from nlu_shared.files.formats.base import Columns, Shape
from nlu_shared.files.formats.rasa import spoken
from nlu_shared.files.formats.registry import BY_NAME, FORMATS
from nlu_shared.files.reading import NotUnderstood, examples
from nlu_shared.kit.errors import Invalid
from pydantic import JsonValue

Examples = list[tuple[JsonValue, JsonValue] | str]


NO_NAMES = Columns()


def held(content: object, columns: Columns = NO_NAMES, name: str | None = None) -> Examples:
    """Each text with its label, or the code of what is refused."""
    body = content if isinstance(content, str) else json.dumps(content)
    opened = examples([body.encode()], columns, format=BY_NAME[name] if name else None)
    return [
        line.row.code if isinstance(line.row, Invalid) else (line.row["text"], line.row["label"])
        for line in opened.lines
    ]


def guessed(content: object) -> str:
    body = content if isinstance(content, str) else json.dumps(content)
    return examples([body.encode()], Columns()).format.name


RASA = """version: "3.1"
stories: []
nlu:
- intent: greet
  examples: |
    - hey
    - hello from [Paris](city)
    - fly [LA]{"entity": "city", "role": "to"} to [New York](city:nyc)
- synonym: nyc
  examples: |
    - big apple
- intent: faq/hours
  examples:
  - text: |
      when are you open
    metadata:
      sentiment: neutral
  - text: are you open
"""
ANNOTATED = {
    "id": 1,
    "data": {"text": "hi", "source": "web"},
    "predictions": [{"result": []}],
}


def annotation(*choices: str, field: str = "intent", **more: Any) -> dict[str, Any]:
    result = {"from_name": field, "to_name": "text", "type": "choices"}
    return {"result": [result | {"value": {"choices": [*choices]}}] if choices else [], **more}


def task(*annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return ANNOTATED | {"annotations": [*annotations]} | more


def min_row(**more: Any) -> dict[str, Any]:
    return {"id": 1, "annotator": 1, "annotation_id": 7, "lead_time": 2.5} | more


def chat(*turns: tuple[str, JsonValue]) -> list[dict[str, JsonValue]]:
    return [{"role": role, "content": content} for role, content in turns]


CASES: list[tuple[str, object, Examples]] = [
    ("rasa", RASA, [
        ("hey", "greet"),
        ("hello from Paris", "greet"),
        ("fly LA to New York", "greet"),
        ("when are you open", "faq/hours"),
        ("are you open", "faq/hours"),
    ]),
    ("rasa", "nlu:\n- intent: a\n  examples: |\n    - hi\n    ho\n",
     [("hi", "a"), "not_understood"]),
    ("rasa-json", {"rasa_nlu_data": {
        "common_examples": [{"text": "hi", "intent": "a", "entities": []}, {"text": "ho"}, 1],
        "entity_synonyms": [],
    }}, [("hi", "a"), ("ho", None), "not_understood"]),
    ("rasa-json",
     '{"rasa_nlu_data": {\n "common_examples": [\n  {"text": "hi", "intent": "a"},\n'
     '  {"text": "ho", "intent": "b"}\n ]\n}}\n', [("hi", "a"), ("ho", "b")]),
    ("clinc", '{\n"train": [\n["hi", "a"],\n["ho", "b"]\n]\n}', [("hi", "a"), ("ho", "b")]),
    ("rasa-markdown",
     "## intent:greet\n- hey <!-- often -->\n- in [Rome](city)\n## regex:zip\n- x\n",
     [("hey", "greet"), ("in Rome", "greet")]),
    ("snips", {"Play": [{"data": [{"text": "play "}, {"text": "jazz", "entity": "genre"}]}, {}]},
     [("play jazz", "Play"), "not_understood"]),
    ("snips", {"language": "en", "entities": {}, "intents": {"lights": {"utterances": [
        {"data": [{"text": "on in the "}, {"text": "hall", "slot_name": "room", "entity": "r"}]},
    ]}}}, [("on in the hall", "lights")]),
    ("snips-yaml", "---\ntype: intent\nname: fly\nutterances:\n- to [to:city](Rome) now\n- go\n"
     "---\ntype: entity\nname: city\nvalues:\n- Rome\n", [("to Rome now", "fly"), ("go", "fly")]),
    ("clinc", {"train": [["hi", "a"]], "val": [["ho", "b"], ["x"]], "oos_test": [["?", "oos"]]},
     [("hi", "a"), ("ho", "b"), "not_understood", ("?", "oos")]),
    ("atis", "a\thi you\nb\tho\na\they\n", [("hi you", "a"), ("ho", "b"), ("hey", "a")]),
    ("atis", "hi you\ta\nho there\tb\nhey\ta\n",
     [("hi you", "a"), ("ho there", "b"), ("hey", "a")]),
    ("atis", "atis_flight,from rome, now\natis_fare, how much\n",
     [("from rome, now", "atis_flight"), ("how much", "atis_fare")]),
    ("atis", "BOS fly to rome EOS\tO O O B-city atis_flight\n", [("fly to rome", "atis_flight")]),
    ("label-studio", [
        task(annotation("a")),
        task(annotation("a", was_cancelled=True), annotation("b")),
        task(annotation("a", was_cancelled=True)),
        task(annotation("a"), annotation("a")),
        task(annotation("a"), annotation("b")),
        task(annotation("a"), annotation("b", ground_truth=True)),
        task(annotation("a", "b")),
        task(annotation()),
        task(),
    ], [
        ("hi", ["a"]), ("hi", ["b"]), ("hi", None), ("hi", ["a"]), "several_labels",
        ("hi", ["b"]), ("hi", ["a", "b"]), ("hi", None), ("hi", None),
    ]),
    ("label-studio", [ANNOTATED | {"completions": [annotation("a")]}], [("hi", ["a"])]),
    ("label-studio-min", [
        min_row(text="hi", intent="a"),
        min_row(utterance="ho", topic={"choices": ["a", "b"]}),
        min_row(text="unlabelled"),
        min_row(text="hi", one="a", two="b"),
    ], [("hi", "a"), ("ho", ["a", "b"]), ("unlabelled", None), "no_column"]),
    ("label-studio-min", "annotation_id,annotator,id,intent,lead_time,text\n1,1,1,a,2.0,hi\n"
     '2,1,2,"{""choices"": [""a"", ""b""]}",1.0,ho\n', [("hi", "a"), ("ho", ["a", "b"])]),
    ("doccano",
     '{"id": 1, "text": "hi", "label": ["a"], "Comments": []}\n{"text": "ho", "label": []}',
     [("hi", ["a"]), ("ho", [])]),
    ("doccano", '{"text": "hi", "labels": ["a"]}', [("hi", ["a"])]),
    ("doccano", '{"text": "hi", "cats": ["a", "b"], "entities": [[0, 2, "x"]]}',
     [("hi", ["a", "b"])]),
    ("doccano", '{"data": "hi", "label": ["a"]}', [("hi", ["a"])]),
    ("doccano", '{"text": "hi", "annotations": [{"label": 3, "user": 1}]}', [("hi", [3])]),
    ("doccano", '{"text": "hi", "label": [[0, 2, "NAME"]]}', ["no_label"]),
    ("langfuse", [
        {"id": "1", "input": "hi", "expectedOutput": "a", "status": "ACTIVE", "metadata": None},
        {"id": "2", "input": {"text": "ho"}, "expectedOutput": {"intent": "b"}},
        {"id": "3", "input": {"question": "hm"}, "expectedOutput": None},
        {"id": "4", "input": "old", "expectedOutput": "a", "status": "ARCHIVED"},
        {"id": "5", "input": {"messages": chat(("user", "hey"))}, "expectedOutput": ["a"]},
        {"id": "6", "input": {"a": "x", "b": "y"}, "expectedOutput": "a"},
    ], [("hi", "a"), ("ho", "b"), ("hm", None), ("old", None), ("hey", ["a"]), "no_column"]),
    ("langfuse", {"data": [{"input": "hi", "expectedOutput": "a"}], "meta": {"page": 1}},
     [("hi", "a")]),
    ("langfuse", 'id,input,expected_output,metadata\n1,"{""text"": ""hi""}","""a""",\n2,ho,b,\n',
     [("hi", "a"), ("ho", "b")]),
    ("openai-evals", [
        {"input": chat(("system", "Classify."), ("user", "hi")), "ideal": "a"},
        {"input": "ho", "ideal": ["a", "b"]},
        {"input": chat(("user", [{"type": "text", "text": "hey"}])), "ideal": ["b"]},
        {"input": chat(("system", "Classify.")), "ideal": "a"},
    ], [("hi", "a"), ("ho", ["a", "b"]), ("hey", ["b"]), "no_column"]),
    ("openai-evals", '{"item": {"ticket_text": "hi", "correct_label": "a"}}', [("hi", "a")]),
    ("csv", " Text ;LABEL\nhi;a\n", [("hi", "a")]),
    ("json", [{"text": "hi", "label": 0}], [("hi", 0)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "expected"), CASES)
def test_a_file_of_the_field_is_known_and_read(
    name: str, content: object, expected: Examples
) -> None:
    assert guessed(content) == name
    assert held(content) == held(content, name=name) == expected


def test_every_format_is_tried_here() -> None:
    """A newcomer's format comes with a file of it; discussions have their own tests."""
    assert {one.name for one in FORMATS} == {name for name, _, _ in CASES} | {"discussions"}


def test_what_was_said_before_a_message_is_its_context() -> None:
    messages = chat(
        ("system", "Classify."), ("user", "hi"), ("assistant", "Shall I?"), ("user", "yes")
    )
    body = json.dumps({"input": messages, "ideal": "confirm"}).encode()
    (line,) = examples([body], Columns()).lines
    assert isinstance(line.row, dict)
    assert (line.row["text"], line.row["label"]) == ("yes", "confirm")
    assert line.row["context"] == {
        "before": [
            {"speaker": "user", "text": "hi"},
            {"speaker": "assistant", "text": "Shall I?"},
        ]
    }


@pytest.mark.parametrize(
    ("content", "columns", "expected"),
    [
        ("utterance;Intent\nhi;a\n", Columns("utterance", "intent"), [("hi", "a")]),
        ("text,label,intent\nhi,x,a\n", Columns(label="intent"), [("hi", "a")]),
        ([task(annotation("a", field="topic"), text="")], Columns(label="topic"), [("hi", ["a"])]),
        (
            [task({"result": annotation("a")["result"] + annotation("x", field="tone")["result"]})],
            Columns(label="intent"),
            [("hi", ["a"])],
        ),
        ([min_row(text="hi", one="a", two="b")], Columns(label="two"), [("hi", "b")]),
        ([{"input": {"q": "hi"}, "expectedOutput": {"z": "a"}}], Columns("q", "z"), [("hi", "a")]),
        ([{"item": {"x": "hi", "y": "a", "z": "b"}}], Columns("x", "z"), [("hi", "b")]),
    ],
)  # fmt: skip
def test_names_may_be_given(content: object, columns: Columns, expected: Examples) -> None:
    assert held(content, columns) == expected


@pytest.mark.parametrize(
    ("content", "nearest"),
    [
        ("utterance,category\nhi,a\n", "csv"),
        ([{"utterance": "hi", "category": "a"}], "json"),
        ([{"data": 1, "annotations": []}], "label-studio"),
        ([{"input": 1, "datasetId": "x", "sourceTraceId": None}], "langfuse"),
        ("key:\n- value\n", "rasa"),
    ],
)
def test_what_is_not_understood_is_named_with_the_nearest_format(
    content: object, nearest: str
) -> None:
    with pytest.raises(NotUnderstood, match=rf"nearest (format )?is {nearest},"):
        held(content)


@pytest.mark.parametrize(
    "content",
    [
        "nlu: &a\n- *a\n",
        "nlu:\n" + "".join(f"{' ' * n}-\n" for n in range(100)),
        "nlu: [\n",
        "nlu: !!python/object/apply:os.system [ls]\n- {\n",
        "nlu:\n- intent: a\n\texamples: x\n",
    ],
)
def test_no_yaml_is_obeyed_or_unfolded(content: str) -> None:
    with pytest.raises(Invalid, match="line"):
        held(content)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[a](b) c [d]{\"entity\": \"e\"}", "a c d"),
        ("a [b] c", "a [b] c"),
        ("[a](b", "[a](b"),
        ("f(x) [y]", "f(x) [y]"),
    ],
)  # fmt: skip
def test_entities_become_what_was_said(written: str, expected: str) -> None:
    assert spoken(written) == expected


def test_rasa_lines_are_lines_of_the_file() -> None:
    opened = examples([RASA.encode()], Columns())
    assert [line.number for line in opened.lines] == [6, 7, 8, 14, 18]
    assert opened.shape is Shape.LINES
