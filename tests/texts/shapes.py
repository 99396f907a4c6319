"""Texts of any length in the shapes that tell a linear reader from others.

Ordinary languages, and what has made readers go back over what they had read: runs of what begins a
match and never ends it, rows of what waits for its neighbour, many things that are all different.
"""

from collections.abc import Mapping

GERMAN = "Die Überweisung an Herrn Müller ging am Montag über die Kasse nach Köln, sagt Frau Groß. "
LATIN = "My sister Ann Lee moved to Leeds in March 1985, and she has been better since; I paid. "
SHAPES: Mapping[str, str] = {
    "capitals after marks": "",
    "words of their own": "",
    "names of their own": "",
    "latin": LATIN,
    "german": GERMAN,
    "cjk": "我昨天在上海见了王先生他说账单已经付了。",
    "emoji": "👩‍👩‍👧 🇩🇪 👍🏽 🤖 ",
    "capitals": "Ann Bea Cem Dov Eli ",
    "one capitalised word": "Aa",
    "one word": "a",
    "no spaces": "thewordsstandtogetherandend",
    "marks in order": "é" + "\u0301" * 7,
    "marks out of order": "\u0301\u0323",
    "quotes": "\"“„a»«'",
    "brackets": "([{<a>}])",
    "digits": "0123456789",
    "dates": "1985-03-12 12/3/1985 March 1985, ",
    "years": "1985 ",
    "a day, a month": "12 March ",
    "phone numbers in a row": "0170123456789 ",
    "phone numbers with strokes": "00491701234567/",
    "numbers that hold each other": "555 123 4567 0170123456789/",
    "cards in a row": "4111111111111111 ",
    "dots": ".",
    "dots and words": "a.",
    "addresses": "a@b.co ",
    "secrets": "a://b?key=",
    "newlines": "\n",
    "lines": "a b\n",
    "spaces": " ",
    "all": "all ",
    "orders": 'remove block "a" all texts example "',
    "kin": "aunt ",
    "colons": "- pay:",
    "ligatures": "ﷺ",
    "soft hyphens": "a\u00ad",
}


def text_of(shape: str, length: int) -> str:
    """About `length` characters; the last unit stands whole."""
    if shape == "capitals after marks":
        return "!" * (length * 10 // 11) + " a Ab" * (length // 55)
    if shape == "words of their own":
        return own_words(length)
    if shape == "names of their own":
        return ", ".join(f"a {_word(n).title()}" for n in range(length // 8))
    unit = SHAPES[shape]
    return unit * (length // len(unit))


def own_words(length: int, *, first: int = 0) -> str:
    """Words of four letters, each another, from number `first` on."""
    return " ".join(_word(first + number) for number in range(length // 5))


def _word(number: int) -> str:
    """Four letters that no other number under 456,976 has; beyond, they come again."""
    return "".join(chr(ord("a") + number // 26**place % 26) for place in range(4))
