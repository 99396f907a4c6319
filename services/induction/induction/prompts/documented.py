"""The head of an exported module: the lines of Python that make its request. Pure.

The code in it is what a test runs and compares with what a model's server received. It needs the
constants of the module and nothing of ours, and holds no backslash: in a docstring it would mean
one thing to who runs it and another to who copies it.
"""

import json
from collections.abc import Iterator
from string import Template

from nlu_shared.rendering.request import ANSWER, names_all
from nlu_shared.schemas.endpoints import ApiForm, Dialect, ModelEndpoint
from nlu_shared.schemas.rendered import RenderedPrompt

HEAD = Template('''"""The prompt of one task, as exported by induction. Generated: edits are lost.

The request that was measured, byte for byte, as a POST to $path takes it.
`before` is what was said before the text, [{"speaker": ..., "text": ...}], and `known` the items
that are committed, both as a case has them. An answer's label that stands in
PROMPT_METADATA["spellings"] is another spelling of the label it has there.${whose}

    import json

${bank}    def request(text, model=${model}, before=(), known=None):
${system}        keys = ("speaker", "text")
        turns = [{key: turn[key] for key in keys if turn.get(key)} for turn in before or ()]
        case = {"before": turns} if turns else {}
        case.update({} if known is None else {"known": known})
        content = json.dumps({**case, "text": text}, ensure_ascii=False)
        body = {
${body}        }
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
"""
''')
WHOSE = """

PROMPT_METADATA["endpoint"] says whose model that is, and what of a request it takes."""
BANK = "    bank = Bank(BANK_LINES, **RETRIEVAL)  # takes a moment: once is enough\n\n"
BLOCKS = """\
        system = [{"type": "text", "text": part} for part in SYSTEM_PARTS if part]
        for last in system[-1:]:
            last["cache_control"] = {"type": "ephemeral"}
"""
CHOSEN_BLOCK = """\
        chosen = bank.part(text, before or ())
        system += [{"type": "text", "text": part} for part in [chosen] if part]
"""
PARTS = """\
        parts = [part for part in SYSTEM_PARTS if part]
"""
CHOSEN_PART = """\
        parts += [part for part in [bank.part(text, before or ())] if part]
"""
JOINED = """\
        system = (2 * chr(10)).join(parts)
"""


def head(form: RenderedPrompt, endpoint: ModelEndpoint | None) -> str:
    """The docstring of a module whose prompt is asked for so; `endpoint` is None where nobody knows
    how: then as by the Messages API."""
    known = endpoint or ModelEndpoint.plain("")
    is_chat = known.api is ApiForm.CHAT_COMPLETIONS
    chooses = form.retrieval is not None
    if is_chat:
        system = PARTS + (CHOSEN_PART if chooses else "") + JOINED
        body = _completion(known.dialect, is_strict=names_all(form.response_schema))
    else:
        system = BLOCKS + (CHOSEN_BLOCK if chooses else "")
        body = _message(known.dialect)
    name = 'PROMPT_METADATA["model"]'
    return HEAD.substitute(
        path="/v1/chat/completions" if is_chat else "/v1/messages",
        whose="" if endpoint is None else WHOSE,
        bank=BANK if chooses else "",
        model=name if endpoint is None else 'PROMPT_METADATA["endpoint"]["model"]',
        system=system,
        body="".join(f"            {line}\n" for line in body),
    )


def _message(dialect: Dialect) -> Iterator[str]:
    yield '"max_tokens": MAX_TOKENS,'
    yield '"messages": [{"role": "user", "content": content}],'
    yield '"model": model,'
    config = []
    if dialect.takes_schema:
        config.append('"format": {"type": "json_schema", "schema": RESPONSE_SCHEMA}')
    if dialect.effort is not None:
        config.append(f'"effort": {json.dumps(dialect.effort)}')
    if config:
        yield f'"output_config": {{{", ".join(config)}}},'
    yield '"system": system,'


def _completion(dialect: Dialect, *, is_strict: bool) -> Iterator[str]:
    yield '"model": model,'
    yield '"messages": ['
    yield '    *([{"role": "system", "content": system}] if system else []),'
    yield '    {"role": "user", "content": content},'
    yield "],"
    yield f"{json.dumps(dialect.length_field)}: MAX_TOKENS,"
    if dialect.effort is not None:
        yield f'"reasoning_effort": {json.dumps(dialect.effort)},'
    if dialect.takes_schema:
        schema = f'"name": "{ANSWER}", "strict": {is_strict}, "schema": RESPONSE_SCHEMA'
        yield '"response_format": {'
        yield '    "type": "json_schema",'
        yield f'    "json_schema": {{{schema}}},'
        yield "},"
    if dialect.takes_temperature:
        yield '"temperature": 0,'
