"""The digest of a week: trigger decisions and alerts, and in which words. Pure."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta

from nlu_shared.schemas.alerts import IncidentInBrief, IngestSilence
from nlu_shared.schemas.notices import WeekNotice
from nlu_shared.schemas.triggers import TriggerDecision

from induction.reports.document import Heading, Link, Paragraph, Part, Quoted, Table

WEEK = timedelta(days=7)
MOST_DECISIONS = 50
UNREADABLE = (
    "Alerts of nlu-logger could not be read: induction's key lacks the scope insights:read."
)


def notice(
    week: date,
    decisions: Sequence[TriggerDecision],
    total: int,
    incidents: Sequence[IncidentInBrief] | None,
    *,
    tasks: Collection[str] | None,
    public_url: str | None,
) -> WeekNotice:
    """The week in short.

    week: its Monday.
    decisions: the newest first, of `total`.
    incidents: of every task; None where they could not be read.
    tasks: those that the channel is about; None: all of them. Alerts about all tasks at once are
        for channels that are so too.
    public_url: of the dashboard, if it has an address.
    """
    own = incidents
    if incidents is not None and tasks is not None:
        own = [one for one in incidents if one.rule.task in tasks]
    return WeekNotice(
        week=week,
        decisions=sorted(decisions, key=lambda one: one.task),
        more_decisions=max(0, total - len(decisions)),
        incidents=None if own is None else list(own),
        link=f"{public_url}/dashboard" if public_url else None,
    )


def subject(ended: WeekNotice) -> str:
    """One line."""
    started = sum(one.started for one in ended.decisions)
    alerts = [] if ended.incidents is None else [_many(len(ended.incidents), "alert")]
    line = ", ".join([f"{_many(started, 'run')} started by itself", *alerts])
    return f"[induction] week of {ended.week}: {line}"


def parts(ended: WeekNotice) -> list[Part]:
    """In the order of reading: each task's decisions, the alerts, where to look."""
    return [*_decisions(ended), *_incidents(ended), *_link(ended)]


def _decisions(ended: WeekNotice) -> Iterator[Part]:
    if not ended.decisions:
        yield Paragraph(("Nobody considered to start a run by itself.",))
    for task in dict.fromkeys(one.task for one in ended.decisions):
        own = [one for one in ended.decisions if one.task == task]
        yield Heading(f"Runs that start by themselves: {task}")
        yield Table(
            ("since", "decision", "times", "run"),
            tuple(
                (
                    f"{one.decided_at:%a %d %b %H:%M}",
                    Quoted(one.summary),
                    str(one.times),
                    "-" if one.run_id is None else str(one.run_id),
                )
                for one in own
            ),
        )
        for evidence in dict.fromkeys(cause.evidence for one in own for cause in one.causes):
            yield Paragraph((Quoted(evidence),))
    if ended.more_decisions:
        yield Paragraph((f"And {ended.more_decisions} decisions before these.",))


def _incidents(ended: WeekNotice) -> Iterator[Part]:
    yield Heading("Alerts")
    if ended.incidents is None:
        yield Paragraph((UNREADABLE,))
        return
    if not ended.incidents:
        yield Paragraph(("None opened.",))
        return
    yield Table(
        ("opened", "alert", "task", "value", "threshold", "intent", "recovered"),
        tuple(map(_row, ended.incidents)),
    )


def _row(one: IncidentInBrief) -> tuple[str | Quoted, ...]:
    rule = one.rule
    return (
        f"{one.opened_at:%a %d %b %H:%M}",
        Quoted(rule.name),
        rule.task or "any",
        f"{one.value:.3g}",
        "-" if isinstance(rule, IngestSilence) else f"{rule.threshold:g}",
        Quoted(one.intent or "-"),
        f"{one.recovered_at:%a %d %b %H:%M}" if one.recovered_at else "open",
    )


def _link(ended: WeekNotice) -> Iterator[Part]:
    if ended.link is not None:
        yield Link("Dashboard", ended.link)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
