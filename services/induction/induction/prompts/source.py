"""How much code a Python text holds, found before it is parsed. Pure.

A syntax tree takes about a thousand bytes a node, and a node is as short as two characters. A
prompt is mostly texts, each of which is one node however long: so what stands outside of texts is
counted, in time proportional to the length, whatever the text holds.
"""

import re

MOST_CODE = 250_000
"""Characters outside of texts and comments that one parse may meet: some 200 MB at the worst."""
# Each alternative ends where its text does, or where nothing ends it; none gives a character back.
_TEXTS = re.compile(
    r"""
    \#[^\n\r]*+
    | '{3} (?: [^'\\] | \\. | '(?!'') )*+ (?: '{3} | \\?\Z )
    | "{3} (?: [^"\\] | \\. | "(?!"") )*+ (?: "{3} | \\?\Z )
    | ' (?: [^'\\\n\r] | \\(?:\r\n|.) )*+ (?: ' | (?=[\n\r]) | \\?\Z )
    | " (?: [^"\\\n\r] | \\(?:\r\n|.) )*+ (?: " | (?=[\n\r]) | \\?\Z )
    """,
    re.VERBOSE | re.DOTALL,
)
_FORMATTED = re.compile(r"(?i)(?:f|rf|fr)$")
"""The end of what stands before a text that holds code of its own."""


class TooMuchCode(ValueError):
    """More code than is parsed for somebody else."""


def bounded(source: str, most: int | None) -> str:
    """`source` itself; `most` is None where its sender may take what memory they like.

    Raises TooMuchCode where it holds more than `most` characters of code.
    """
    if most is not None and _is_over(source, most):
        raise TooMuchCode(f"The module holds more than {most} characters of code.")
    return source


def _is_over(source: str, most: int) -> bool:
    """A text or comment counts as one character, a formatted text as all that it is."""
    size, end = 0, 0
    for text in _TEXTS.finditer(source):
        is_formatted = _FORMATTED.search(source[max(end, text.start() - 2) : text.start()])
        size += text.start() - end + (text.end() - text.start() if is_formatted else 1)
        if size > most:
            return True
        end = text.end()
    return size + len(source) - end > most
