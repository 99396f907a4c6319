"""A prompt as a Python module: safe to import, exact to read back, never run by the reader."""

import ast
import hashlib
import json
from collections.abc import Iterator
from textwrap import dedent
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some
from induction.prompts.export import derived, to_json, to_module
from induction.prompts.handwritten import UnreadableModule
from induction.prompts.reading import read_document, read_module
from nlu_shared.rendering import AnswerSpace, as_bytes, body_of, render
from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.endpoints import ModelEndpoint
from nlu_shared.schemas.ground_truth import Context
from nlu_shared.schemas.prompts import Block, PromptContent, TaskKind
from pydantic import JsonValue

from tests.fixtures.from_schema import instances

VERSION = UUID("01890000-0000-7000-8000-000000000000")
ANSWERS = AnswerSpace(TaskKind.INTENT, ("pay", "stop it"))
FACTS: dict[str, JsonValue] = {"validation_f1": 0.75, "dataset_hash": None}

contents: some.SearchStrategy[PromptContent] = instances(PromptContent)


def unsourced(content: PromptContent) -> PromptContent:
    """As a module holds it: where an example came from is not said there."""
    examples, bank = (
        tuple(one.model_copy(update={"case_id": None}) for one in some)
        for some in (content.examples, content.bank)
    )
    chosen = content.retrieval and content.retrieval.model_copy(update={"bank": bank})
    return content.model_copy(update={"examples": examples, "retrieval": chosen})


def module_of(content: PromptContent) -> str:
    return to_module(content, task="greetings", version_id=VERSION, answers=ANSWERS, facts=FACTS)


def json_of(content: PromptContent) -> str:
    return to_json(content, task="greetings", version_id=VERSION, answers=ANSWERS, facts=FACTS)


@given(content=contents)
def test_any_prompt_comes_back_from_its_module_as_it_was(content: PromptContent) -> None:
    read = read_module(module_of(content)).content
    assert read == unsourced(content)
    assert read.version_hash == content.version_hash


@given(content=contents)
def test_a_module_that_was_edited_comes_back_too(content: PromptContent) -> None:
    assert read_module(module_of(content) + "# checked in\n").content == unsourced(content)


@given(content=contents)
def test_any_prompt_comes_back_from_its_json_as_it_was(content: PromptContent) -> None:
    assert read_document(json_of(content)).content == content
    assert read_document(content.model_dump_json()).content == content


@given(content=contents)
def test_the_module_is_real_python_that_says_the_same(content: PromptContent) -> None:
    module = module_of(content)
    namespace: dict[str, Any] = {}
    exec(compile(module, "prompts.py", "exec"), namespace)  # noqa: S102 - our own export
    assert namespace["INSTRUCTIONS"] == "\n\n".join(block.text for block in content.instructions)
    assert namespace["EXAMPLE_CASES"] == [tuple(one.row) for one in content.examples]
    for name, value in derived(content, ANSWERS, None).items():
        assert namespace[name] == value
    assert namespace["PROMPT_METADATA"]["version_hash"] == content.version_hash
    assert namespace["PROMPT_METADATA"]["validation_f1"] == 0.75


@pytest.mark.parametrize("answers", [ANSWERS, AnswerSpace(TaskKind.EXTRACTION)])
@given(
    content=contents,
    text=some.text(min_size=1),
    context=some.none() | instances(Context),
    endpoint=some.none() | instances(ModelEndpoint),
)
def test_the_lines_in_the_module_make_the_request_of_the_renderer(
    answers: AnswerSpace,
    content: PromptContent,
    text: str,
    context: Context | None,
    endpoint: ModelEndpoint | None,
) -> None:
    """For any prompt, any text and whatever stands before it, of any server: the same bytes."""
    facts: dict[str, JsonValue] = {"model": "claude-haiku-5-5"}
    module = to_module(
        content, task="t", version_id=VERSION, answers=answers, facts=facts, endpoint=endpoint
    )
    known = endpoint or ModelEndpoint.plain("claude-haiku-5-5")
    names: dict[str, Any] = {}
    exec(compile(module, "prompts.py", "exec"), names)  # noqa: S102 - our own export
    lines = names["__doc__"].partition("    import json\n")
    exec(dedent("".join(lines[1:])), names)  # noqa: S102 - as a backend would paste them
    request = render(content, text, context, answers=answers, model=known.model)
    body = as_bytes(body_of(request, known.api, known.dialect))
    for how in ways_to_pass(context or Context()):
        assert names["request"](text, **how) == body


def ways_to_pass(context: Context) -> Iterator[dict[str, Any]]:
    """A context as its shortest JSON, whole, and both with every key in the other order."""
    for fields in (context.short, context.model_dump(mode="json")):
        assert isinstance(fields, dict)
        yield fields
        turned = [dict(reversed(turn.items())) for turn in fields.get("before", ())]
        both = fields | ({"before": turned} if "before" in fields else {})
        yield dict(reversed(both.items()))


@given(content=contents)
def test_the_sha256_in_the_module_is_that_of_what_follows_it(content: PromptContent) -> None:
    before, _, rest = module_of(content).partition("# sha256 of all that follows this line: ")
    claimed, _, body = rest.partition("\n")
    assert str(VERSION) in before
    assert hashlib.sha256(body.encode()).hexdigest() == claimed


@given(content=contents)
def test_the_json_export_holds_the_content_and_its_sha256(content: PromptContent) -> None:
    document = json.loads(json_of(content))
    claimed = document.pop("sha256")
    assert hashlib.sha256(canonical(document).encode()).hexdigest() == claimed
    assert PromptContent.model_validate(document["content"]) == content


BLOCKS = "INSTRUCTION_BLOCKS = [('role', 'x', False)]\n"


@pytest.mark.parametrize(
    "text",
    [
        "INSTRUCTIONS = open('/etc/passwd').read()",
        "INSTRUCTIONS = __import__('os').environ['HOME']",
        "INSTRUCTIONS = f'{1}'",
        "INSTRUCTIONS = 'a' + 'b'",
        "INSTRUCTIONS = 'a' * 10_000_000_000",
        "INSTRUCTIONS = [i for i in range(3)]",
        "INSTRUCTIONS = lambda: 'x'",
        "INSTRUCTIONS = 7",
        "INSTRUCTIONS = b'bytes'",
        "INSTRUCTIONS = 'NUL \\0'",
        "INSTRUCTIONS = 'half \\ud800'",
        BLOCKS + "EXAMPLE_CASES = [('x', print('run'))]",
        BLOCKS + "EXAMPLE_CASES = [('x',)]",
        BLOCKS + "EXAMPLE_CASES = 7",
        BLOCKS + "EXAMPLE_CASES = [('x', {1, 2})]",
        BLOCKS + "EXAMPLE_CASES = [('x', b'bytes')]",
        BLOCKS + "EXAMPLE_CASES = [('x', 'y', ['no fields'])]",
        BLOCKS + "EXAMPLE_CASES = [('x', 'y', {}, 'more')]",
        BLOCKS + "EXAMPLE_CASES = [('x', 1e999)]",
        BLOCKS + "EXAMPLE_CASES = [('x', 1j)]",
        BLOCKS + "EXAMPLE_CASES = [('x', {1: 2})]",
        BLOCKS + "EXAMPLE_CASES = [('x', 'half \\ud800')]",
        BLOCKS + f"EXAMPLE_CASES = [('x', 0x{'f' * 5_000})]",
        "INSTRUCTION_BLOCKS = []\nEXAMPLE_CASES = []",
        "INSTRUCTION_BLOCKS = [('Bad Name', 'x', False)]\nEXAMPLE_CASES = []",
        "INSTRUCTION_BLOCKS = [(['role'], 'x', 'yes please')]\nEXAMPLE_CASES = []",
        "OTHER = 'nothing of ours'",
        "def INSTRUCTIONS(): ...",
        "this is not Python",
        "INSTRUCTIONS = '\x00'",
        "INSTRUCTIONS = " + "(" * 5_000 + ")" * 5_000,
        "INSTRUCTIONS = " + "-" * 20_000 + "1",
        "",
    ],
    ids=lambda text: text[:40] or "empty",
)
def test_what_is_not_plain_literals_is_refused_and_not_run(text: str) -> None:
    with pytest.raises(UnreadableModule):
        read_module(text)


def test_what_a_module_would_do_is_not_done(tmp_path: Any) -> None:
    touched = tmp_path / "touched"
    text = f"open({str(touched)!r}, 'w').close()\nINSTRUCTIONS = 'innocent'\n"
    with pytest.raises(UnreadableModule, match="Line 1"):
        read_module(text)
    assert not touched.exists()


def test_a_module_holds_assignments_of_literals_and_nothing_else() -> None:
    content = PromptContent(instructions=(Block(name="role", text='""")\nimport os  # '),))
    tree = ast.parse(module_of(content))
    assert isinstance(tree.body[0], ast.Expr)  # the docstring
    for node in tree.body[1:]:
        assert isinstance(node, ast.Assign)
        ast.literal_eval(node.value)
