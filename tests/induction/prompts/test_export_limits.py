"""What the registry takes comes back from its module; no module takes what memory it likes."""

from uuid import UUID

import pytest
from induction.prompts.export import to_module
from induction.prompts.handwritten import UnreadableModule
from induction.prompts.reading import read_module
from induction.prompts.source import MOST_CODE
from nlu_shared.rendering import AnswerSpace
from nlu_shared.schemas.ground_truth import Context, Turn
from nlu_shared.schemas.prompts import Block, Example, PromptContent, TaskKind

CODE = "1," * (MOST_CODE // 2 + 1)
HIDDEN = {
    "plain": f"[{CODE}]",
    "formatted": f"f'{{[{CODE}]}}'",
    "formatted raw": f'rF"""{{[{CODE}]}}"""',
    "after a comment": f"'ended' #\r[{CODE}]",
    "after a continued line": f"'a\\\r\nb',{CODE}'c'",
    "after a backslash": f"'\\\\',{CODE}'c'",
    "between quotes of two kinds": f'"\'",{CODE}"\'"',
    "after three quotes": f"'''\"''',{CODE}\"\"",
    "after an open text": f"'open\n{CODE}'",
    "many texts": "''," * MOST_CODE,
}


def module_of(content: PromptContent) -> str:
    answers = AnswerSpace(TaskKind.INTENT, ("pay", "stop"))
    return to_module(content, task="greetings", version_id=UUID(int=1), answers=answers, facts={})


@pytest.mark.parametrize("place", sorted(HIDDEN))
def test_code_is_counted_before_it_is_parsed_wherever_it_hides(place: str) -> None:
    with pytest.raises(UnreadableModule, match="more than 250000 characters of code"):
        read_module(f"INSTRUCTIONS = {HIDDEN[place]}")


@pytest.mark.parametrize("character", ["中", "\U0001f600", "\x85", "\\", "'", "a", "\n"])
def test_the_longest_texts_come_back(character: str) -> None:
    longest = character * 65_536
    content = PromptContent(
        instructions=tuple(Block(name=f"b{n}", text=longest) for n in range(3)),
        examples=(Example(text=longest, output=longest),),
    )
    assert read_module(module_of(content)).content == content
    assert read_module(module_of(content) + "# edited\n").content == content


@pytest.mark.law
def test_as_many_examples_as_a_prompt_holds_come_back_with_what_stands_before_them() -> None:
    known = {"people": [{"id": number, "name": "王"} for number in range(10)]}
    context = Context(before=(Turn(speaker="expert", text="你好"),) * 20, known=known)
    content = PromptContent(
        instructions=(Block(name="role", text="x"),),
        examples=tuple(
            Example(text=f"第{number}句", output=known, context=context) for number in range(2_000)
        ),
    )
    module = module_of(content)
    assert len(module) > 2 * MOST_CODE
    assert read_module(module).content == content


def test_an_older_module_says_the_context_without_its_name() -> None:
    older = (
        "INSTRUCTION_BLOCKS = [('role', 'x', False)]\n"
        "EXAMPLE_CASES = [('yes', 'x', {'before': [{'text': 'Are you there?'}]})]\n"
    )
    (read,) = read_module(older).content.examples
    assert read.transcript == "Are you there?\nyes"


def test_what_can_be_printed_is_written_as_it_is() -> None:
    text = "请用中文回答。\u202e"
    module = module_of(PromptContent(instructions=(Block(name="role", text=text),)))
    assert "'请用中文回答。\\u202e'" in module
