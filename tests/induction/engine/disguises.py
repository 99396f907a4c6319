"""Ways to write a sentence so that a machine may miss it and a reader does not."""

import base64
import html
import zlib
from collections.abc import Callable, Iterator, Sequence

from nlu_shared.schemas.prompts import Block, PromptContent

FILLERS = ("truly", "hereby", "indeed", "thereof", "whatever", "surely", "moreover")
LOOKALIKES = str.maketrans("aceopxyijsHTMKBEAPC", "асеорхуіјѕНТМКВЕАРС")
LEET = str.maketrans("aeiost", "431057")
LEET_OF_SIGNS = str.maketrans("aeis", "@€!$")
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
SMALL_CAPITALS = str.maketrans(ALPHABET, "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡxʏᴢ")
UPSIDE_DOWN = str.maketrans(ALPHABET, "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz")
BRAILLE = str.maketrans(ALPHABET, "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵")


def between(joint: str) -> Callable[[str], str]:
    """Something between any two characters of a word."""
    return lambda text: " ".join(joint.join(word) for word in text.split())


def counted_from(first: int) -> Callable[[str], str]:
    """The letters of another row of 26 characters."""
    row = "".join(chr(first + n) for n in range(26))
    return lambda text: text.lower().translate(str.maketrans(ALPHABET, row))


def coded(form: str, joint: str = "") -> Callable[[str], str]:
    """Each character's number."""
    return lambda text: joint.join(form.format(ord(one)) for one in text)


def base64_of(text: str, charset: str = "utf-8") -> str:
    return base64.b64encode(text.encode(charset)).decode()


def grouped(text: str, size: int, joint: str = " ") -> str:
    return joint.join(text[at : at + size] for at in range(0, len(text), size))


def uneven(text: str) -> Iterator[int]:
    """Where its pieces begin, of 2 to 6 characters."""
    at = 0
    while at < len(text):
        yield at
        at += 2 + at % 5


def each_word(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: " ".join(map(change, text.split()))


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
    "small capitals": lambda text: text.lower().translate(SMALL_CAPITALS),
    "letters on black circles": counted_from(0x1F150),
    "letters on black squares": counted_from(0x1F170),
    "letters of flags": counted_from(0x1F1E6),
    "braille": lambda text: text.lower().translate(BRAILLE),
    "tatweel": between("\u0640"),
    "other lengthening letters": between("\u30fc"),
    "length marks": between("\u02d0"),
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
    "the letters of each word backwards": each_word(lambda word: word[::-1]),
    "upside down": lambda text: text.translate(UPSIDE_DOWN)[::-1],
    "upside down in order": lambda text: text.translate(UPSIDE_DOWN),
    "leet of signs": lambda text: text.translate(LEET_OF_SIGNS),
    "hexadecimal with prefixes": coded("0x{:02x}", ", "),
    "hexadecimal with commas": coded("{:02X}", ", "),
    "quoted-printable": coded("={:02X}"),
    "hexadecimal entities": coded("&#x{:x};"),
    "decimal entities": coded("&#{};"),
    "named entities": lambda text: html.escape(text).replace("a", "&aring;").replace("o", "&ouml;"),
    "escapes with braces": coded("\\u{{{:x}}}"),
    "code points": coded("U+{:04X}", " "),
    "decimal codes": coded("{}", ", "),
    "octal codes": coded("{:o}", " "),
    "octal escapes": coded("\\{:03o}"),
    "binary codes": coded("{:08b}", " "),
    "base64 in fours": lambda text: grouped(base64_of(text), 4),
    "base64 in fives": lambda text: grouped(base64_of(text), 5),
    "base64 in uneven lines": lambda text: "\n".join(
        base64_of(text)[at : at + 2 + at % 5] for at in uneven(base64_of(text))
    ),
    "base64 backwards": lambda text: base64_of(text)[::-1],
    "base64 of UTF-16": lambda text: base64_of(text, "utf-16"),
    "base64 of zlib": lambda text: base64.b64encode(zlib.compress(text.encode())).decode(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base32 in eights": lambda text: grouped(base64.b32encode(text.encode()).decode(), 8),
    "base32, small": lambda text: base64.b32encode(text.encode()).decode().lower(),
    "base85": lambda text: base64.b85encode(text.encode()).decode(),
    "Ascii85": lambda text: base64.a85encode(text.encode(), adobe=True).decode(),
    "letters doubled": lambda text: "".join(c if c == " " else 2 * c for c in text),
    "an s on each word": each_word(lambda word: f"{word}s"),
    "an x on each word": each_word(lambda word: f"{word}x"),
    "no vowels": lambda text: text.translate(str.maketrans("", "", "aeiou")),
    "another vowel for each": lambda text: text.translate(str.maketrans("aeiou", "eiuoa")),
    "words in order of their last letters": lambda text: " ".join(
        sorted(text.split(), key=lambda word: word[::-1])
    ),
    "even words, then odd": lambda text: " ".join(text.split()[::2] + text.split()[1::2]),
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
    "places in the alphabet": lambda text: " ".join(
        str(ALPHABET.index(c) + 1) if c in ALPHABET else "/" for c in text
    ),
    "base85 with gaps": lambda text: grouped(base64.b85encode(text.encode()).decode(), 5),
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
