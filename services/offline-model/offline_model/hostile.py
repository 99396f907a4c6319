"""Answers as no client hopes to get them, made of a good one. Pure."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from offline_model.settings import Fault

DEEP = b"[" * 100_000 + b"]" * 100_000
RETRY_AFTER = ("soon", "-5", "inf", "nan", "1e300", "")
"""What BAD_RETRY_AFTER says, by turns."""
_USAGES: Mapping[Fault, Any] = {
    Fault.USAGE_NULL: None,
    Fault.USAGE_NEGATIVE: -1_000_000,
    Fault.USAGE_HUGE: 10**30,
    Fault.USAGE_FLOAT: 12.5,
    Fault.USAGE_BOOL: True,
    Fault.USAGE_STRING: "12",
}
_BODIES = {Fault.EMPTY_BODY: b"", Fault.LIST_BODY: b"[]", Fault.DEEP_BODY: DEEP}
_CONTENTS: Mapping[Fault, Any] = {
    Fault.CONTENT_NULL: None,
    Fault.CONTENT_WRONG: "text",
    Fault.BLOCKS_WRONG: [1, 2],
    Fault.TEXT_NULL: [{"type": "text", "text": None}],
}
_TEXTS: Mapping[Fault, Callable[[str], str]] = {
    Fault.NUL: lambda text: text + "\0",
    Fault.NUL_ESCAPED: lambda text: text.replace('": "', '": "\\u0000', 1),
    Fault.SURROGATE: lambda text: text + "\ud800",
    Fault.SURROGATE_ESCAPED: lambda text: text.replace('": "', '": "\\ud800', 1),
    Fault.DEEP_TEXT: lambda _: DEEP.decode(),
    Fault.ENDLESS_NUMBER: lambda text: text[:-1] + ', "more": 1e999}',
}


def spoilt(fault: Fault, message: dict[str, Any]) -> bytes:
    """The body that is sent instead of this message; its own where the fault is of another kind."""
    if fault in _BODIES:
        return _BODIES[fault]
    changed = dict(message)
    if fault in _CONTENTS:
        changed["content"] = _CONTENTS[fault]
    if fault in _TEXTS:
        texts = [block["text"] for block in message["content"]]
        changed["content"] = [{"type": "text", "text": _TEXTS[fault]("".join(texts))}]
    if fault is Fault.USAGE_MISSING:
        del changed["usage"]
    if fault is Fault.USAGE_NULL:
        changed["usage"] = None
    elif fault in _USAGES:
        changed["usage"] = {**message["usage"], "output_tokens": _USAGES[fault]}
    return json.dumps(changed).encode()
