"""A team's own module comes in whole or not at all, and goes out under the names it came with."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some
from induction.prompts.export import to_module
from induction.prompts.handwritten import UnreadableModule
from induction.prompts.reading import read_module
from nlu_shared.rendering import AnswerSpace
from nlu_shared.rendering.prompt import system_parts
from nlu_shared.schemas.prompts import Block, Example, PromptContent, TaskKind
from nlu_shared.schemas.rendered import ModuleConstants, TextConstant

from tests.fixtures.from_schema import instances

ANSWERS = AnswerSpace(TaskKind.INTENT, ("book_table", "cancel_order"))
THE_TEAMS = '''"""Ours."""
from __future__ import annotations

PDP_ROLE_AND_INSTRUCTIONS: str = """
Sort what is written: book_table or cancel_order.
"""

PDP_EXAMPLES = """
"a table for two" is book_table
"""
'''
BEGINS = "PDP_ROLE_AND_INSTRUCTIONS = 'Sort mail.'\n"
contents: some.SearchStrategy[PromptContent] = instances(PromptContent)


def run(module: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(module, "prompts.py", "exec"), names)  # noqa: S102 - our own export
    return names


def exported(content: PromptContent, constants: ModuleConstants | None) -> str:
    return to_module(
        content,
        task="mail",
        version_id=UUID(int=1),
        answers=ANSWERS,
        facts={},
        constants=constants,
    )


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_texts_come_out_under_their_names_and_as_they_were(mark: str) -> None:
    read = read_module(mark + THE_TEAMS)
    assert [block.name for block in read.content.instructions] == [
        "pdp_role_and_instructions",
        "pdp_examples",
    ]
    before, after = run(THE_TEAMS), run(exported(read.content, read.constants))
    for name in ("PDP_ROLE_AND_INSTRUCTIONS", "PDP_EXAMPLES"):
        assert after[name] == before[name]
    assert read_module(exported(read.content, read.constants)) == read
    assert read_module(exported(read.content, read.constants) + "# edited\n") == read


def test_a_list_of_examples_comes_out_under_its_name() -> None:
    read = read_module(BEGINS + "PDP_EXAMPLES = [('a table for two', 'book_table')]\n")
    assert read.content.examples == (Example(text="a table for two", output="book_table"),)
    names = run(exported(read.content, read.constants))
    assert names["PDP_EXAMPLES"] == [("a table for two", "book_table")]
    assert read_module(exported(read.content, read.constants)) == read


@given(content=contents, named=some.sets(some.integers(0, 9)))
def test_the_texts_are_all_of_the_system_text_whatever_became_of_the_blocks(
    content: PromptContent, named: set[int]
) -> None:
    """Blocks and examples that the optimiser added stand in the constants that a backend reads."""
    chosen = {block.name for at, block in enumerate(content.instructions) if at in named}
    chosen |= {content.instructions[0].name}
    texts = [TextConstant(name=f"OUR_{name.upper()}"[:63], block=name) for name in sorted(chosen)]
    if len({one.name for one in texts}) < len(texts):
        return
    names = run(exported(content, ModuleConstants(texts=tuple(texts))))
    if len({block.name for block in content.instructions}) < len(content.instructions):
        return
    order = [f"OUR_{block.name.upper()}"[:63] for block in content.instructions]
    held = [names[name] for name in order if name in names]
    system = system_parts(content, ANSWERS)
    shape = ANSWERS.shape(content)
    assert "\n\n".join(held) == "\n\n".join(system[:-1] if shape else system)


def test_a_block_that_was_taken_away_leaves_its_name_empty() -> None:
    read = read_module(THE_TEAMS)
    without = PromptContent(instructions=read.content.instructions[:1])
    assert run(exported(without, read.constants))["PDP_EXAMPLES"] == ""


@pytest.mark.parametrize(
    ("rest", "name"),
    [
        ("PDP_ROLE_AND_INSTRUCTIONS += ' Never guess.'", "PDP_ROLE_AND_INSTRUCTIONS"),
        ("PDP_ROLE_AND_INSTRUCTIONS = 'Other.'", "PDP_ROLE_AND_INSTRUCTIONS"),
        ("def PDP_ROLE_AND_INSTRUCTIONS(): ...", "PDP_ROLE_AND_INSTRUCTIONS"),
        ("from elsewhere import PDP_ROLE_AND_INSTRUCTIONS", "PDP_ROLE_AND_INSTRUCTIONS"),
        ("PDP_EXAMPLES = f'{1}'", "PDP_EXAMPLES"),
        ("PDP_EXAMPLES = PDP_ROLE_AND_INSTRUCTIONS", "PDP_EXAMPLES"),
        ("PDP_EXAMPLES = 'a' + 'b'", "PDP_EXAMPLES"),
        ("PDP_EXAMPLES = [{'text': 'a'}]", "PDP_EXAMPLES"),
        ("PDP_EXAMPLES = {'a': 'b'}", "PDP_EXAMPLES"),
        ("PDP_EXAMPLES = []\nMORE_EXAMPLES = []", "MORE_EXAMPLES"),
        ("PDP_RULES = 'Be brief.'", "PDP_RULES"),
        ("N = 3", "N"),
        ("pdp_prompt = 'x'", "pdp_prompt"),
        ("RESPONSE_SCHEMA = {}", "RESPONSE_SCHEMA"),
        ("A_PROMPT = B_PROMPT = 'x'", "Line 2"),
        ("if True:\n    PDP_EXAMPLES = 'x'", "Line 2"),
        ("PDP_EXAMPLES.append('x')", "Line 2"),
        ("del PDP_ROLE_AND_INSTRUCTIONS", "Line 2"),
        ("from elsewhere import *", "Line 2"),
        ("from elsewhere import PDP_EXAMPLES", r"PDP_EXAMPLES \(line 2\)"),
        (
            "from elsewhere import (\n    a,\n    B_INSTRUCTIONS as A_PROMPT)",
            r"A_PROMPT \(line 4\)",
        ),
        ("from elsewhere import B_INSTRUCTIONS as b", r"B_INSTRUCTIONS \(line 2\)"),
        ("import elsewhere as A_PROMPT", r"A_PROMPT \(line 2\)"),
        ("from elsewhere import INSTRUCTION_BLOCKS", r"INSTRUCTION_BLOCKS \(line 2\)"),
        ("class A:\n    B_INSTRUCTIONS = 'x'", r"B_INSTRUCTIONS \(line 3\)"),
        ("class A:\n    class B:\n        X: str = ''\n        C_PROMPT: str = 'x'", "C_PROMPT"),
        ("class A:\n    from elsewhere import B_PROMPT", r"B_PROMPT \(line 3\)"),
        ("class A_PROMPT:\n    pass", r"A_PROMPT \(line 2\)"),
        ("def A_EXAMPLES():\n    return 'x'", r"A_EXAMPLES \(line 2\)"),
    ],
)
def test_what_would_be_dropped_is_refused_by_its_name(rest: str, name: str) -> None:
    with pytest.raises(UnreadableModule, match=name):
        read_module(f"{BEGINS}{rest}\n")


def test_a_name_that_is_no_plain_one_is_not_repeated() -> None:
    with pytest.raises(UnreadableModule) as refused:
        read_module(f"{BEGINS}привет = 'x'\n")
    assert "привет" not in str(refused.value)
    assert "line 2" in str(refused.value)


@pytest.mark.parametrize("name", ["INSTRUCTIONS", "SYSTEM_PARTS", "RESPONSE_SCHEMA", "MAX_TOKENS"])
def test_an_export_is_edited_in_its_blocks_and_nowhere_else(name: str) -> None:
    content = PromptContent(instructions=(Block(name="role", text="Sort mail."),))
    lines = exported(content, None).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(f"{name} = "))
    lines[at] = lines[at].replace("= [", "= ['more',").replace("= {", "= {'more': 1,")
    lines[at] = lines[at].replace("= 5", "= 6").replace("= 'Sort", "= 'Now sort")
    with pytest.raises(UnreadableModule, match=name):
        read_module("\n".join(lines))


def test_a_hand_written_module_with_one_text_is_one_block() -> None:
    read = read_module('"""Ours."""\nimport os\nINSTRUCTIONS = """\nSay yes.\n"""\n')
    block = Block(name="instructions", text="\nSay yes.\n")
    assert (read.content, read.constants) == (PromptContent(instructions=(block,)), None)


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("class A:\n    globals()['X'] = 1\n", 3),
        ("class A:\n    global PDP_ROLE_AND_INSTRUCTIONS\n", 3),
        ("class A:\n    sys.modules['m'].X = 1\n", 3),
        ("class A:\n    def f(self, x=change()):\n        return x\n", 3),
        ("class A(change()):\n    pass\n", 2),
        ("@change\nclass A:\n    pass\n", 3),
        ("@change\ndef f():\n    return 1\n", 3),
        ("def f(x=globals().update(X=1)):\n    return x\n", 2),
        ("def f(*, x=(y := 1)):\n    return x\n", 2),
        ("def f(x: change()):\n    return x\n", 2),
        ("def f() -> change():\n    return 1\n", 2),
        ("async def f(x=change()):\n    return x\n", 2),
        ("def f(x=lambda y=change(): y):\n    return x\n", 2),
    ],
)
def test_a_definition_that_does_more_than_define_is_refused_by_name_and_line(
    more: str, line: int
) -> None:
    with pytest.raises(UnreadableModule, match=rf"(A|f) \(line {line}\) calls or changes"):
        read_module(BEGINS + more)


@pytest.mark.parametrize(
    "more",
    [
        "def f(x=1, *, y: int = 2) -> str:\n    return globals().update(X=x)\n",
        "class A(B):\n    x: int = 1\n    y = {'a': [1]}\n    def f(self):\n        return g()\n",
        "def f(x=lambda y: g(y)):\n    return x\n",
        "import json\nfrom os import path\n",
        "from typing import Final, TypedDict as T\nfrom base import make_prompt, PROMPTS\n",
        "class A:\n    A_PROMPT: str\n    def f(self):\n        A_PROMPT = 1\n",
    ],
)
def test_a_definition_that_only_defines_may_stand_there(more: str) -> None:
    assert read_module(BEGINS + more).content == read_module(BEGINS).content


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("# -*- coding: latin-1 -*-\n", 1),
        ("#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\n", 2),
        ("\r# coding=utf-16\r", 2),
    ],
)
def test_another_coding_is_refused(head: str, line: int) -> None:
    with pytest.raises(UnreadableModule, match=f"Line {line} names another coding than UTF-8"):
        read_module(head + BEGINS)


@pytest.mark.parametrize(
    "head",
    [
        "# -*- coding: utf-8 -*-\n",
        "# coding: UTF8\n",
        "'text'\n# coding: latin-1\n",
        "#\n#\n# coding: latin-1\n",
    ],
)
def test_utf8_and_what_python_takes_for_no_coding_are_read(head: str) -> None:
    assert read_module(head + BEGINS).content == read_module(BEGINS).content


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (f"A_PROMPT = {'x' * 200_000!r}", "A_PROMPT .* at most 65536 characters"),
        ("A_PROMPT = 'NUL \\0'", "text without NUL"),
        ("A_PROMPT = 'half \\ud800'", "text without lone surrogates"),
        (BEGINS + "EXAMPLES = [('a', 'b'), ('a', 'b', 'c')]", r"EXAMPLES \(line 2\), row 2"),
        (BEGINS + "EXAMPLES = [('a', 'b', {'other': 1, 'context': 2})]", "row 1 is no example"),
        ("x = 1\n", "is not read"),
        ("import json\n", "holds no text of a prompt"),
        ("EXAMPLES = [('a', 'b')]\n", "holds no text of a prompt"),
    ],
)
def test_what_a_module_lacks_is_told_in_words(module: str, words: str) -> None:
    with pytest.raises(UnreadableModule, match=words):
        read_module(module)
