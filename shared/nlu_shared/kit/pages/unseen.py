"""Characters that nobody sees in a text, or that turn its direction, made visible. Pure.

A model gets them as they are; whoever reviews the text has to see that they are there.
"""

import re
import unicodedata
from typing import Any

from markupsafe import Markup, escape

# Controls but tab and line ends; soft hyphen, joiners and fillers; marks, embeddings and isolates
# of direction; separators of lines; variation selectors; tags and what annotates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_JOINS = {"\u200c", "\u200d"} | {chr(code) for code in range(0xFE00, 0xFE10)}
"""Part of a character that is seen, where they stand in an emoji or in a script without cases."""


def visible(text: Any) -> Markup:
    """A text as HTML, with a marked code (‹U+202E›) in the place of each such character."""
    return Markup(_UNSEEN.sub(_marked, str(escape(text))))  # noqa: S704 - it was just escaped


def _marked(match: re.Match[str]) -> str:
    character, place = match[0], match.start()
    if character in _JOINS and _joins(match.string[place - 1 : place]):
        return character
    name = unicodedata.name(character, "a control character").lower()
    return f'<mark class="unseen" title="{name}">‹U+{ord(character):04X}›</mark>'


def _joins(before: str) -> bool:
    """Does a joiner after this character belong to what is seen?"""
    if not before:
        return False
    if before in "#*0123456789" or before == "\ufe0f":
        return True
    return unicodedata.category(before) in {"So", "Sk", "Sm", "Po", "Lo", "Mn", "Mc"} and not (
        _UNSEEN.match(before)
    )
