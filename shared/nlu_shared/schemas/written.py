"""What a text that somebody typed or another program wrote holds: a list, signs that nobody sees.
Pure."""

import ast
import json
import re

from pydantic import JsonValue

UNSEEN = dict.fromkeys(
    [
        0xAD,
        0x180E,
        0x200B,
        *range(0x200E, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x206A),
        0xFEFF,
    ]
)
"""Soft hyphens, blanks without width, marks of direction and byte order. The joiners are left: in
Persian and in emoji they are seen."""
LONGEST_LIST = 10_000
"""Longest text that is read as a list, in characters."""
_PYTHON_TEXT = r"""(?:'(?:[^'\\\r\n]|{0})*+'|"(?:[^"\\\r\n]|{0})*+")""".replace(
    "{0}", r"\\(?:[\\'nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})"
)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What no database stores: NUL, and halves of characters, which escapes can spell."""
_PYTHON_LIST = re.compile(rf"\[\s*{_PYTHON_TEXT}(?:\s*,\s*{_PYTHON_TEXT})*+\s*\]")


def written_list(value: JsonValue) -> JsonValue:
    """The list that a text is; anything else as it is."""
    if not isinstance(value, str) or len(value) > LONGEST_LIST:
        return value
    plain = " ".join(value.translate(UNSEEN).split())
    if not (plain.startswith("[") and plain.endswith("]")):
        return value
    try:
        listed: JsonValue = (
            ast.literal_eval(plain)
            if _PYTHON_LIST.fullmatch(plain)
            else json.loads(plain, strict=False)
        )
    except (ValueError, SyntaxError, RecursionError):
        return value
    return listed
