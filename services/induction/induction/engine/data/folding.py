"""When two texts say the same letters: the one normaliser of every comparison of texts. Pure.

`visible` is a text as a reader sees it: compatible forms apart (NFKD), marks and characters that
nobody sees gone, lookalikes of other scripts turned into the Latin letter they stand for. `folded`
ignores case as well, and tells no i from an l: in many a font they are one stroke. All of it is a
table from character to characters, so that it takes time in the length of the text and no more.

Lookalikes are those letters of Unicode's confusables.txt (UTS 39) that no decomposition leads to a
Latin letter, with the other case of each, letters with a stroke, small capitals, turned letters,
white letters on a black square or circle, the letters that flags are made of, and braille. Letters
that only lengthen the one before (tatweel) are not seen.

Digits may be noise between letters or stand for letters (p4y): `readings` tries both. Greek has
letters that look like one Latin letter small and like another one large; a text with one of them
is read in capitals too. A text with a letter turned upside down is also read upside down.
"""

import re
import unicodedata
from collections.abc import Iterator

_LOOKALIKES = {
    "a": "ɑΑαАаᎪᗅⱭꓮꭺᴀɐ",
    "b": "ƀƄƅɃΒβВЬвьᏏᏴᏼᑲᖯᗷꓐꞴꞵꮟʙ",
    "c": "СсᏟᴄⲤⲥꓚꮯɔ",
    "d": "ÐðĐđԀԁᎠᏧᑯᗞᗪꓒꓓꭰꮷᴅ",
    "e": "ΕεЕеҼҽᎬⴹꓰꬲꭼᴇǝ",
    "f": "ϜϝՔքᖴẝꓝꞘꞙꬵꜰɟ",
    "g": "ƍɡԌԍՑցᏀᏳᏻᶃꓖꞬꮐɢƃ",
    "h": "ĦħΗНнҺһՀհᎻᏂᕼⲎⲏꓧꮋꮒʜɥ",
    "i": "ıɩɪιіӏᎥꙆꙇꞮꭵᴉ",
    "j": "ʝͿϳЈјᎫᒍꓙꞲꭻᴊɾ",
    "k": "ΚκКкᏦᛕⲔⲕꓗꮶᴋʞ",
    "l": "ŁłƖǀΙІӀᏞᒪᛁⲒⲓⳐⳑⵏꓡꓲꮮʟ",
    "m": "ΜμϺϻМмᎷᗰᛖⲘⲙꓟꮇᴍ",
    "n": "ΝηՈՌոռⲚⲛꓠɴ",
    "o": "ØøΟΣοσςОоՕօଠഠဝჿዐᲿᴏᴑⲞⲟⵔꓳꬽ",
    "p": "ΡρРрᏢᑭⲢⲣꓑꮲᴘ",
    "q": "ԚԛԳԶգզⵕꞯ",
    "r": "ƦʀГгᎡᎱᏒᖇᴦⲄⲅꓣꭇꭈꭱꮁꮢɹ",
    "s": "ƼƽЅѕՏտᏕᏚꓢꜱꮥꮪ",
    "t": "ŦŧΤτТтᎢⲦⲧꓔꭲᴛʇ",
    "u": "ƲʋυՍսሀᑌᴜꓴꞞꞟꭎꭒ",
    "v": "νѴѵᏙᐯᴠⴸꓦꛟꮩʌ",
    "w": "ƜɯѠѡԜԝԱաᎳᏔᴡꓪꮃꮤʍ",
    "x": "ΧχХхᕁᕽᚷⲬⲭⵝꓫꞳꭓ",
    "y": "ƔɣʏΓΥγУуҮүყᎩᎽᲧᶌỾỿⲨⲩꓬꭚꭹꮍʎ",
    "z": "ƵƶΖζᏃᴢꓜꮓ",
}
_LATIN = {
    look: latin.upper() if look.isupper() else latin
    for latin, looks in _LOOKALIKES.items()
    for look in looks
}
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_BRAILLE = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵"
_LATIN |= dict(zip(_BRAILLE, _ALPHABET, strict=True)) | {
    chr(first + n): letter.upper()
    for first in (0x1F150, 0x1F170, 0x1F1E6)  # on black circles, on black squares, of flags
    for n, letter in enumerate(_ALPHABET)
}
_UNSEEN = {"Cf", "Mn", "Me", "Lm"}
# Blank letters, which Unicode lets a reader ignore by default (UAX 44).
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
_TWO_LOOKS = re.compile("[ηνυ]")
_TURNED = re.compile("[ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ]")
_UPRIGHT = str.maketrans("ɐqɔpǝɟƃɥᴉɾʞɯuodbɹʇnʌʍʎ", "abcdefghijkmnopqrtuvwy")
_STANDS_FOR = str.maketrans("0134578@$€£!|", "oleastbaselil")
_LEET = re.compile(r"(?<=[^\W\d_])[0134578@$€£]|[0134578@$€£!|](?=[^\W\d_])")
_NUMBERED = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_NOISE = re.compile(r"\d+")
# Scripts without spaces between words: each letter is counted as a word.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


class _Looks(dict[int, str]):
    """What each character is seen as, filled as characters come."""

    def __missing__(self, code: int) -> str:
        apart = unicodedata.normalize("NFKD", chr(code))
        seen = "".join(
            _LATIN.get(one, one)
            for one in apart
            if one in _LATIN or (unicodedata.category(one) not in _UNSEEN and one not in _FILLERS)
        )
        self[code] = seen
        return seen


_LOOKS = _Looks()
_STROKE = {ord("i"): "l"}


def visible(text: str) -> str:
    """As it is read, case kept."""
    return text.translate(_LOOKS)


def folded(text: str) -> str:
    """Equal for texts that a reader takes for the same; for comparing only."""
    return visible(text).casefold().translate(_STROKE)


def words(text: str) -> list[str]:
    """The words and numbers of a text, folded; underscores part words."""
    return _NUMBERED.findall(folded(text))


def tokens(text: str) -> Iterator[list[str]]:
    """The words of every reading, digits gone; letters of scripts without spaces one by one."""
    for reading in readings(text):
        parted = _UNSPACED.sub(r" \g<0> ", reading) if _UNSPACED.search(reading) else reading
        yield _LETTERS.findall(parted)


def readings(text: str) -> Iterator[str]:
    """The folded text without digits; where that differs, with digits as the letters they may
    stand for, and both as the text reads in capitals or upside down."""
    seen = visible(text)
    forms = [seen, visible(text.upper())] if _TWO_LOOKS.search(text.lower()) else [seen]
    if _TURNED.search(text):
        forms.append(visible(text.translate(_UPRIGHT)))
    for form in forms:
        plain = form.casefold()
        leet = plain.translate(_STANDS_FOR) if _LEET.search(plain) else plain
        yield _NOISE.sub("", plain).translate(_STROKE)
        if leet != plain:
            yield _NOISE.sub("", leet).translate(_STROKE)
