"""Ways to write a sentence so that a machine may miss it and a reader does not."""

import base64
from collections.abc import Callable, Sequence

from nlu_shared.schemas.prompts import Block, PromptContent

FILLERS = ("truly", "hereby", "indeed", "thereof", "whatever", "surely", "moreover")
LOOKALIKES = str.maketrans("aceopxyijsHTMKBEAPC", "асеорхуіјѕНТМКВЕАРС")
LEET = str.maketrans("aeiost", "431057")


def between(joint: str) -> Callable[[str], str]:
    """Something between any two characters of a word."""
    return lambda text: " ".join(joint.join(word) for word in text.split())


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def mathematical(text: str) -> str:
    return "".join(chr(0x1D400 + ord(c) - 65) if "A" <= c <= "Z" else c for c in text.upper())


def filled(text: str, every: int) -> str:
    """A word of no meaning after so many words."""
    words: list[str] = []
    for n, word in enumerate(text.split(), 1):
        words += [word] if n % every else [word, FILLERS[n // every % len(FILLERS)]]
    return " ".join(words)


INVISIBLE: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "zero-width spaces": between("\u200b"),
    "zero-width joiners": between("\u200d"),
    "soft hyphens": between("\u00ad"),
    "byte order marks": between("\ufeff"),
    "variation selectors": between("\ufe0f"),
    "more variation selectors": between("\U000e0101"),
    "combining marks": between("\u0336"),
    "grapheme joiners": between("\u034f"),
    "blank letters": between("\u3164"),
    "accents": between("\u0301"),
    "direction marks": lambda text: f"\u202e{text}\u202c",
    "homoglyphs": lambda text: text.translate(LOOKALIKES),
    "full width": wide,
    "mathematical letters": mathematical,
    "capitals": str.upper,
    "changing capitals": str.swapcase,
    "underscores for spaces": lambda text: text.replace(" ", "_"),
    "punctuation for spaces": lambda text: text.replace(" ", ", "),
    "lines": lambda text: text.replace(" ", "\n"),
}
"""What leaves every word where it was; any of them may be applied to another's result."""
OTHERS: dict[str, Callable[[str], str]] = {
    "spaced out": between(" "),
    "hyphenated": between("-"),
    "no spaces": lambda text: text.replace(" ", ""),
    "underscores in words": between("_"),
    "digits for spaces": lambda text: "".join(f"7{c}" if c == " " else c for c in text),
    "numbers between words": lambda text: text.replace(" ", " 12 "),
    "numbers on words": lambda text: text.replace(" ", "9 "),
    "leet": lambda text: text.translate(LEET),
    "a filler every third word": lambda text: filled(text, 2),
    "a filler every other word": lambda text: filled(text, 1),
    "words backwards": lambda text: " ".join(reversed(text.split())),
    "letters backwards": lambda text: text[::-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 in pieces": lambda text: " ".join(
        base64.b64encode(text[at : at + 12].encode()).decode() for at in range(0, len(text), 12)
    ),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "base64 behind a letter": lambda text: "x" + base64.b64encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal in pairs": lambda text: text.encode().hex(" "),
    "percent signs": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "escapes": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "tag characters": lambda text: "".join(chr(0xE0000 + ord(c)) for c in text),
}
PASSING: dict[str, Callable[[str], str]] = {
    "translated": lambda _: (
        "ich möchte die offene Rechnung meiner verstorbenen Tante in Gent bis Freitag bezahlen"
    ),
    "paraphrased": lambda _: "somebody whose deceased relative lived in Belgium settles her debts",
    "every other word": lambda text: " ".join(text.split()[::2]),
    "another alphabet's order": lambda text: text.translate(
        str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")
    ),
    "first letters": lambda text: " ".join(f"{word[0]}." for word in text.split()),
}
"""What no rule here sees, named in docs/privacy.md."""


def scattered(text: str, size: int) -> str:
    """So many words at a time, something else between."""
    words = text.split()
    splits = [" ".join(words[at : at + size]) for at in range(0, len(words), size)]
    return "\n".join(f"- {split}\n- keep labels exact: rule {n}" for n, split in enumerate(splits))


def in_blocks(prompt: PromptContent, splits: Sequence[str]) -> PromptContent:
    more = (Block(name=f"notes_{n}", text=text) for n, text in enumerate(splits))
    return prompt.model_copy(update={"instructions": (*prompt.instructions, *more)})
