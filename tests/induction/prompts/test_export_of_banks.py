"""A prompts.py that chooses examples: ten lines and a selector that need nothing of ours."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from induction.prompts.export import SELECTOR_BEGINS, SELECTOR_ENDS, to_module
from induction.prompts.handwritten import UnreadableModule
from induction.prompts.reading import read_module
from nlu_shared.client.prompted.module import served_of
from nlu_shared.rendering import AnswerSpace, as_bytes, render, render_parts
from nlu_shared.schemas.ground_truth import Context, Turn
from nlu_shared.schemas.prompts import Block, Example, PromptContent, Retrieval, TaskKind
from nlu_shared.schemas.retrieval import Selector

from tests.fixtures.labelled import make_task, texts
from tests.fixtures.stack import Stack

MODEL = "claude-haiku-5-5"
VERSION = UUID("01890000-0000-7000-8000-000000000000")
ANSWERS = AnswerSpace(TaskKind.INTENT, ("pay", "stop it"))
TURNS = (Turn(speaker="bot", text="Which «one»?"), Turn(text="the Straße"))
BANK = (
    Example(text='pay "now"\\', output="pay"),
    Example(text="stop\nthe Straße", output="stop it", context=Context(before=TURNS)),
    Example(text="付款吧", output="pay"),
    Example(text="# The end of the selector.", output="stop it"),
    Example(text=f"\n{SELECTOR_BEGINS}\n", output="pay"),
)
CONTENT = PromptContent(
    instructions=(Block(name="role", text=f"Sort.\n{SELECTOR_BEGINS}\n"),),
    examples=(Example(text="fixed", output="pay"),),
    retrieval=Retrieval(selector=Selector.BM25_1, k=2, per_answer=1, max_characters=200, bank=BANK),
)
MODULE = to_module(CONTENT, task="t", version_id=VERSION, answers=ANSWERS, facts={"model": MODEL})
QUESTIONS = [
    "",
    "pay NOW",
    "strasse",
    "付款",
    "the end",
    "\u2028'\"\\",
    "e\u0301",
    "\U0001f600 stop " * 50,
]
BARE = """
import ast, hashlib, json, sys, textwrap
source = open("prompts.py", encoding="utf-8").read()
names = {}
exec(compile(source, "prompts.py", "exec"), names)
how = ast.get_docstring(ast.parse(source)).partition("    import json\\n")[2]
exec(textwrap.dedent("    import json\\n" + how), names)
for text, context in json.load(sys.stdin):
    print(hashlib.sha256(names["request"](text, **context)).hexdigest())
"""


def test_a_bare_interpreter_chooses_what_the_renderer_chooses(tmp_path: Path) -> None:
    (tmp_path / "prompts.py").write_text(MODULE, encoding="utf-8")
    contexts = [None, Context(before=TURNS), Context(known={"people": []})]
    questions = [(text, context) for text in QUESTIONS for context in contexts]
    built = subprocess.run(
        [sys.executable, "-I", "-S", "-c", BARE],
        cwd=tmp_path,
        input=json.dumps([(text, context.short if context else {}) for text, context in questions]),
        capture_output=True,
        text=True,
        check=True,
    )
    requests = [render(CONTENT, *one, answers=ANSWERS, model=MODEL) for one in questions]
    assert all(request.varying for request in requests)
    expected = [hashlib.sha256(as_bytes(one.messages())).hexdigest() for one in requests]
    assert built.stdout.split() == expected
    assert len({request.system for request in requests}) > 3


def test_a_client_that_has_the_module_alone_sends_the_same() -> None:
    form = served_of(MODULE).forms[0]
    for text in QUESTIONS:
        whole = render(CONTENT, text, answers=ANSWERS, model=MODEL)
        assert render_parts(form, text, model=MODEL).messages() == whole.messages()


def edited(before: str, after: str) -> str:
    assert before in MODULE
    return MODULE.replace(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("'付款吧', 'pay')", "'付款吧', 'stop it')"),
        ("RETRIEVAL = {'k': 2", "RETRIEVAL = {'k': 3"),
    ],
)
def test_a_bank_that_is_changed_beside_what_follows_from_it_is_refused_by_name(
    before: str, after: str
) -> None:
    """Settings are free to change; of the bank, the rows are, and its lines follow from them."""
    if before.startswith("RETRIEVAL"):
        read = read_module(edited(before, after)).content
        assert read.retrieval is not None
        assert (read.retrieval.k, len(read.bank)) == (3, len(BANK))
    else:
        with pytest.raises(UnreadableModule, match="BANK_LINES"):
            read_module(edited(before, after))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_module_that_was_checked_in_comes_back(ending: str) -> None:
    read = read_module((MODULE + "# ours\n").replace("\n", ending)).content
    assert read.version_hash == CONTENT.version_hash


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("_K1, _B, _DIGITS", "_K2, _B, _DIGITS", "selector"),
        ("        chosen: list[str] = []\n", "        import os\n", "selector"),
        (f"\n{SELECTOR_ENDS}\n", "\n# Another end.\n", "selector"),
        (f"\n{SELECTOR_ENDS}\n", f"\n{SELECTOR_ENDS}\nclass Bank: ...\n", "neither a constant"),
        (
            f"\n{SELECTOR_ENDS}\n",
            f"\n{SELECTOR_ENDS}\nfrom os import path as Bank\n",
            "neither a constant",
        ),
        (f"\n{SELECTOR_ENDS}\n", f"\n{SELECTOR_ENDS}\nBank = 7\n", "Bank"),
        (f"\n{SELECTOR_BEGINS}\n", "\n# Another beginning.\n", None),
        ("SELECTOR = 'bm25/1'", "SELECTOR = 'bm25/9'", None),
        ("SELECTOR = 'bm25/1'\n", "", "SELECTOR is missing"),
        ("'max_characters': 200}", "'max_characters': 200, 'more': 1}", None),
        ("'per_answer': 1", "'per_answer': 0", None),
    ],
)
def test_a_selector_that_is_not_ours_to_the_letter_is_refused_and_not_run(
    before: str, after: str, why: str | None
) -> None:
    with pytest.raises(UnreadableModule, match=why):
        read_module(edited(before, after))


async def test_a_bank_goes_in_by_the_api_serves_and_comes_back_from_its_exports(
    stack: Stack,
) -> None:
    await make_task(stack, "banked")
    bank = [{"text": text, "output": f"topic_{n % 4}"} for n, (text, _) in enumerate(texts(12))]
    retrieval = {"selector": "bm25/1", "k": 3, "per_answer": 2, "max_characters": 300, "bank": bank}
    blocks = [{"name": "a", "text": "Answer with topic_0, topic_1, topic_2 or topic_3."}]
    content = {"instructions": blocks, "retrieval": retrieval}
    path = "/v1/prompts/banked/versions"
    made = await stack.induction.post(path, json={"content": content, "promote": True})
    assert made.status_code == 201, made.text
    active = (await stack.induction.get("/v1/prompts/banked/active")).json()
    assert len(active["rendered"]["retrieval"]["lines"]) == len(bank)
    module, document = [
        (await stack.induction.get("/v1/prompts/banked/export", params={"format": one})).text
        for one in ("py", "json")
    ]
    again: list[dict[str, Any]] = [
        {"module": module},
        {"content": json.loads(document)["content"]},
    ]
    for body in again:
        back = await stack.induction.post(path, json=body)
        assert (back.status_code, back.json()["id"]) == (200, made.json()["id"])
    plain = await stack.induction.post(path, json={"content": {"instructions": blocks}})
    diff = await stack.induction.get(
        f"{path}/{made.json()['id']}/diff", params={"against": plain.json()["id"]}
    )
    assert diff.json()["retrieval"]["examples_added"] == len(bank)
    blame = (await stack.induction.get(f"{path}/{made.json()['id']}/blame")).json()
    (part,) = [one for one in blame["parts"] if one["bank"] is not None]
    added = diff.json()["tokens_after"] - diff.json()["tokens_before"]
    assert (part["bank"], part["tokens"]) == (len(bank), added)


async def test_a_bank_that_answers_with_no_label_of_the_task_is_refused(stack: Stack) -> None:
    await make_task(stack, "strange")
    retrieval = {
        "selector": "bm25/1", "k": 3, "per_answer": 2, "max_characters": 300,
        "bank": [{"text": "x", "output": "topic_9"}],
    }  # fmt: skip
    blocks = [{"name": "a", "text": "Answer with topic_0, topic_1, topic_2 or topic_3."}]
    content = {"instructions": blocks, "retrieval": retrieval}
    answer = await stack.induction.post("/v1/prompts/strange/versions", json={"content": content})
    assert (answer.status_code, answer.json()["code"]) == (422, "unusable_prompt")
