"""A name as it is compared: without letter case, signs, titles and kin words. Pure."""

import re
from functools import lru_cache

LEADING = re.compile(
    r"(?:(?:dr|mr|mrs|ms|miss|sir|madam|aunt|auntie|uncle|grandma|grandpa|grandmother|grandfather|"
    r"granny|grammy|grandad|granddad|nana|papa|pop|mom|mum|mama|dad|daddy|mother|father|brother|"
    r"sister|cousin|nephew|niece) )+(?=.)"
)
"""Titles and kin words. The last of a name that is nothing else stays: "Mom" is somebody."""
CACHED = 65_536
LONGEST = 1_000
"""Characters of a name that are compared; to compare two takes time with their product."""


@lru_cache(CACHED)
def plain(name: str | None) -> str:
    """Lower case, punctuation to spaces, leading titles and kin words gone, LONGEST at most."""
    words = " ".join(re.sub(r"[^\w\s]|_", " ", name or "").lower().split())
    leading = LEADING.match(words)
    return words[leading.end() if leading else 0 :][:LONGEST]
