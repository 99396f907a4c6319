"""Which words of a line changed, and where the points of a chart lie."""

import re
from datetime import UTC, datetime
from difflib import unified_diff

import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.dashboard.drawing import AREA, best_so_far, search_chart
from induction.dashboard.moments import by_own_clock
from induction.dashboard.words import Stretch, kinds_of_cases, sentences, stretches_of
from induction.sentences import readable
from nlu_shared.schemas.candidates import IterationView
from nlu_shared.schemas.diffs import Hunk

TEXTS = st.lists(st.text("abc ,.", max_size=12), max_size=8)


def hunk(*lines: str) -> Hunk:
    return Hunk(before_line=1, after_line=1, lines=list(lines))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("With about 2850 more labelled cases", "With about 2,850 more labelled cases"),
        ("More than 100000 more.", "More than 100,000 more."),
        ("F1 0.8123 on 960 cases, by claude-haiku-20251001.", None),
        (
            "Verdicts of 1 earlier runs rest on these cases too, so",
            "The verdict of one earlier run rests on these cases too, so",
        ),
        (
            "the prompt that was to be tried was",
            "the one prompt that was to be tried has been tried",
        ),
        ("Verdicts of 12 earlier runs rest", None),
        ("http://127.0.0.1:8108/v1?seed=12345#4096 does not answer; 127.0.0.1:8108.", None),
        ("budget: 20000 calls, of 4096:", "budget: 20,000 calls, of 4,096:"),
    ],
)
def test_a_stored_sentence_reads_as_people_write(written: str, read: str | None) -> None:
    assert readable(written) == (read or written)


@given(TEXTS, TEXTS)
def test_the_pieces_of_a_hunk_are_its_lines(before: list[str], after: list[str]) -> None:
    lines = list(unified_diff(before, after, lineterm="", n=3))[2:]
    lines = [line for line in lines if not line.startswith("@@")]
    made = stretches_of(hunk(*lines))
    shown = [line for one in made for line in (one.old if one.is_same else [*one.old, *one.new])]
    written = ["".join([line.sign, *(one.text for one in line.pieces)]) for line in shown]
    assert sorted(written) == sorted(lines)


def marked(made: Stretch) -> tuple[list[str], list[str]]:
    """The changed words of both sides."""
    old, new = (
        [piece.text for line in side for piece in line.pieces if piece.is_changed]
        for side in (made.old, made.new)
    )
    return old, new


def test_of_a_changed_line_the_changed_words_are_marked() -> None:
    (made,) = stretches_of(hunk("-Answer with one label.", "+Answer with exactly one label."))
    assert marked(made) == ([], ["exactly"])


def test_words_that_only_moved_to_another_line_are_not_marked() -> None:
    kept, made = stretches_of(
        hunk(
            " You label messages.",
            "-Read the whole message, and think of what the writer",
            "-wants. Answer with one label.",
            "+Read the whole message, and think carefully of what",
            "+the writer wants. Answer with one",
            "+label.",
        )
    )
    assert kept.is_same
    assert marked(made) == ([], ["carefully"])


def test_what_is_new_altogether_has_no_words_to_tell_apart() -> None:
    (made,) = stretches_of(hunk("+A line that is new."))
    assert not made.is_edit


def test_of_a_long_stretch_each_line_is_set_beside_the_one_in_its_place() -> None:
    long = "one two three four five six seven eight nine ten " * 20
    lines = [*(f"-{long}{n}" for n in range(3)), *(f"+{long}{n} more" for n in range(3))]
    (made,) = stretches_of(hunk(*lines))
    assert marked(made) == ([], ["more"] * 3)


def change(n: int, score: float | None, outcome: str) -> IterationView:
    return IterationView(
        n=n, strategy=None, rationale=None, outcome=outcome, reason=None, validation_f1=score,
        fixed=None, broke=None, version_id=None,
    )  # fmt: skip


@given(
    st.floats(0, 1), st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30)
)
def test_every_point_lies_in_the_chart(baseline: float, scores: list[tuple[float, bool]]) -> None:
    changes = [
        change(n, score, "kept" if is_kept else "rejected_at_gate")
        for n, (score, is_kept) in enumerate(scores, 1)
    ]
    chart = search_chart(baseline, changes, {one.n: "kept" for one in changes})
    assert chart is not None
    assert all(AREA.left <= point.x <= AREA.width for point in chart.points)
    assert all(0 <= point.y <= AREA.height for point in chart.points)


@pytest.mark.parametrize(
    ("changes", "best"),
    [
        ([], 0.5),
        ([change(1, 0.6, "rejected_at_validation")], 0.5),
        ([change(1, 0.6, "kept"), change(2, 0.9, "rejected_at_validation")], 0.6),
        ([change(1, 0.6, "kept"), change(2, 0.7, "kept")], 0.7),
    ],
)
def test_the_best_so_far_is_the_change_kept_last(changes: list[IterationView], best: float) -> None:
    assert best_so_far(0.5, changes) == best


def test_there_is_no_chart_before_anything_was_measured() -> None:
    assert search_chart(0.5, [change(1, None, "rejected_at_gate")], {1: "stopped"}) is None


def test_reasons_of_a_log_read_as_sentences_that_name_no_key_and_no_path() -> None:
    key = "key:01890000-0000-7000-8000-000000000000"
    reasons = [
        f"paused by {key} since Tuesday 14:00 UTC",
        "1200 approved cases, 2000 needed",
        "stopped: the last run gained nothing; look at them, then POST"
        " /v1/admin/auto-trigger/reset-backoff",
    ]
    assert sentences(reasons) == (
        "Paused by a person since Tuesday 14:00 UTC. 1,200 approved cases, 2,000 needed."
        " Stopped: the last run gained nothing; look at them and begin anew."
    )
    assert sentences([]) == ""


def test_moments_of_a_log_are_told_by_the_clock_of_who_reads() -> None:
    at = datetime(2026, 12, 2, 9, 30, tzinfo=UTC)  # a Wednesday
    reasons = [
        "cooldown until Friday 18:03 UTC",
        "no prediction of it since it serves, Friday 17:55 UTC",
        "paused since Tuesday 1 December 2026 08:00 UTC",
    ]
    assert re.findall(r'datetime="([^"]*)"', by_own_clock(reasons, at)) == [
        "2026-12-04T18:03:00+00:00",
        "2026-11-27T17:55:00+00:00",
        "2026-12-01T08:00:00+00:00",
    ]
    assert "&lt;b&gt;" in by_own_clock(["<b>"], at)


def test_kinds_of_cases_are_labels_or_how_much_there_is_to_find() -> None:
    assert kinds_of_cases(["a", "b"], "intent") == "of a, b"
    bands = ["7-12 entities", "0 entities", "4-6 entities"]
    assert kinds_of_cases(bands, "extraction") == (
        "texts with 7 to 12 entities, no entity or 4 to 6 entities"
    )
