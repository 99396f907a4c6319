"""What identifies a person goes, everything else stays as it was, in linear time."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_logger.anonymise.patterns import PLACEHOLDER
from nlu_logger.anonymise.text import NOT_FOUND_BY_RULES, anonymiser, pseudonym
from nlu_shared.ids import uuid7

PLAIN = anonymiser()
OURS = anonymiser(["Acme Corp", "Zürich", "email", "x", ""])

REPLACED = [
    ("write to ann.lee+x@mail.example.co.uk, now", "write to [email], now"),
    ("mailto:ann@example.com.", "mailto:[email]."),
    ("DE89 3704 0044 0532 0130 00 please", "[iban] please"),
    ("de89370400440532013000", "[iban]"),
    ("BE68 5390 0754 7034 call me", "[iban] call me"),
    ("my card is 4111 1111 1111 1111, ok", "my card is [card], ok"),
    ("5500-0055-5555-5559", "[card]"),
    ("from 10.0.0.1 and 2001:db8::8a2e:7334", "from [ip] and [ip]"),
    ("call +49 (0)170 1234567 today", "call [phone] today"),
    ("0049 170 1234567", "[phone]"),
    ("0170/1234567 or (030) 123456-78", "[phone] or [phone]"),
    ("06 12 34 56 78", "[phone]"),
    ("0800-100-200-300", "[phone]"),
    ("(555) 123-4567, 1-555-123-4567", "[phone], [phone]"),
    ("01.02.2025 0170 1234567", "01.02.2025 [phone]"),
    (
        "https://ann:pw@h.example/a?q=1&token=abc#end",
        "https://[secret]@h.example/a?q=1&token=[secret]#end",
    ),
    ("postgresql://ann:pw@db.example/x", "postgresql://[secret]@db.example/x"),
    ("Bearer eyJhbGci.eyJzdWIi.abc-def", "Bearer [token]"),
    ("deadbeef" * 4, "[token]"),
    ("sk-ant-A1b2C3d4E5f6G7h8I9j0", "[token]"),
    ("ACME   corp. of zürich, by email", "[term]. of [term], by [term]"),
]
LEFT = [
    "am 01.02.2025 um 10:30:45, oder 01/02/2025 10:30",
    "2025-11-23T12:00:00",
    "pay 1,234,567.89 EUR or 0.123456789",
    "order 4111111111111112, invoice 2024-000123-77, parcel 0012345678",
    "+1 500 000 more",
    "GB29 NWBK 6016 1331 9268 18",
    "version 300.1.2.3 of std::vector",
    "550e8400-e29b-41d4-a716-446655440000",
    "my-kebab-case-identifier-2024 and SCREAMING_SNAKE_CASE_NAME_7",
    "https://h.example/a?q=1&page=2",
    "an acme corporation, an x",
    "a @ b, a@b, @handle",
]


@pytest.mark.parametrize(("text", "left"), REPLACED)
def test_what_identifies_a_person_is_replaced_by_its_kind(text: str, left: str) -> None:
    assert OURS.text(text) == left


@pytest.mark.parametrize("text", LEFT)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert OURS.text(text) == text


def test_a_dictionary_word_is_left_alone_by_those_who_do_not_know_it() -> None:
    assert PLAIN.text("Acme Corp in Zürich") == "Acme Corp in Zürich"


def test_a_structured_output_is_anonymised_and_a_label_is_not() -> None:
    output = {"mail": "ann@example.com", "ages": [4, None, "ann@example.com"]}
    assert OURS.truth(output) == {"mail": "[email]", "ages": [4, None, "[email]"]}
    assert OURS.truth("email") == "email"


def test_a_pseudonym_is_one_persons_and_one_keys() -> None:
    ann, ben = uuid7(), uuid7()
    assert pseudonym(ann, "k") == pseudonym(ann, "k")
    assert len({pseudonym(ann, "k"), pseudonym(ann, "l"), pseudonym(ann, None)}) == 3
    assert pseudonym(ann, "k") != pseudonym(ben, "k")


def test_what_no_rule_finds_is_said() -> None:
    assert OURS.text("Ann Lee, 12 High Street") == "Ann Lee, 12 High Street"
    assert "postal addresses" in NOT_FOUND_BY_RULES


shards = st.sampled_from(
    [
        "ann@b.co",
        "+49",
        "0170",
        " ",
        "1234567",
        "-",
        ".",
        "@",
        ":",
        "4111 1111 1111 1111",
        "[email]",
        "[",
        "]",
        "://",
        "aa",
        "?key=",
        "b@",
        "DE89 3704 0044 0532 0130 00",
        "::1",
        "10.0.0.1",
        "Acme",
        "Corp",
        "eyJa.b.",
        "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8",
        "(",
        ")",
        "/",
        "555-123-4567",
        "ü",
        "\n",
        "\u2028",
    ]
)


@given(st.one_of(st.text(), st.lists(shards, max_size=30).map("".join)))
def test_once_is_enough_and_nothing_else_is_touched(text: str) -> None:
    done = OURS.text(text)
    assert OURS.text(done) == done
    assert len(done) <= 3 * len(text)
    place = 0
    for kept in PLACEHOLDER.split(done):
        place = text.index(kept, place) + len(kept)


@given(
    st.lists(st.sampled_from([raw for raw, left in REPLACED if re.fullmatch(PLACEHOLDER, left)]))
)
def test_every_finding_is_replaced_and_the_words_between_stay(findings: list[str]) -> None:
    words = [f"word{'n' * number}" for number in range(len(findings) + 1)]
    text = " ".join(f"{word}; {one};" for word, one in zip(words, findings, strict=False))
    done = OURS.text(text)
    assert re.findall(r"\w+", PLACEHOLDER.sub("", done)) == words[: len(findings)]
    assert len(PLACEHOLDER.findall(done)) == len(findings)


HOSTILE = [
    "a",
    "a.",
    "a@",
    "a@a.",
    "@",
    "1",
    "1 ",
    "0 ",
    "+1",
    "4 ",
    "1.",
    ":",
    "1:",
    "ab:",
    "a://",
    "a://?key=",
    "eyJ",
    "-eyJ",
    "eyJ.",
    "A1b",
    "A1b-",
    "DE89",
    "DE89 ",
    "(0",
    "[email]",
    "Acme ",
    "a+",
    "é@",
    "01.02.",
    "a@b.co+491701234567",
]


@pytest.mark.parametrize("shard", HOSTILE)
def test_time_grows_with_the_text_and_not_with_its_square(shard: str) -> None:
    """Eight times the text takes about eight times as long; a square would be sixty-four."""

    def seconds(length: int) -> float:
        text = (shard * length)[:length]
        taken = []
        for _ in range(3):
            start = time.process_time()
            OURS.text(text)
            taken.append(time.process_time() - start)
        return min(taken)

    short, long = seconds(4_000), seconds(32_000)
    assert long < 30 * max(short, 1e-4)
