"""What a notice says to people: numbers, the rule's own name and a label, never a logged text."""

from nlu_shared.schemas.alerts import (
    AlertNotice,
    Drift,
    ErrorRate,
    IngestSilence,
    LowConfidenceShare,
    Notice,
    Rule,
)


def subject(notice: AlertNotice) -> str:
    """One line."""
    state = "ALERT" if notice.notice is Notice.OPENED else "recovered"
    return f"[nlu-logger] {state}: {notice.rule.name}"


def text(notice: AlertNotice) -> str:
    """A few lines of plain text, with a link where the dashboard has an address."""
    most = f"Most of it: intent {_one_line(notice.intent)}.\n" if notice.intent else ""
    link = f"\n{notice.link}" if notice.link else ""
    return (
        f"{_finding(notice)}\n{most}"
        f"Rule: {_rule(notice.rule)}, task {notice.rule.task or 'any'}.\n"
        f"At {notice.at:%Y-%m-%d %H:%M:%S} UTC, incident {notice.incident_id}.{link}"
    )


def _finding(notice: AlertNotice) -> str:
    match notice.rule:
        case ErrorRate():
            return f"{notice.value:.1%} of {notice.count} outcomes failed."
        case LowConfidenceShare(below=below):
            share = f"{notice.value:.1%} of {notice.count} predictions"
            return f"{share} have a confidence below {below:g}."
        case Drift():
            index = f"{notice.value:.3f}, of {notice.count} predictions"
            return f"The intents' stability index is {index}."
        case IngestSilence(window_minutes=minutes):
            if notice.notice is Notice.OPENED:
                return f"No prediction for {minutes} minutes, {notice.count} in the period before."
            return "Predictions arrive again."


def _one_line(label: str) -> str:
    """Whatever a backend logs as an intent looks like no line of ours."""
    return "".join(one if one.isprintable() else " " for one in label)


def _rule(rule: Rule) -> str:
    match rule:
        case IngestSilence():
            return f"silence of {rule.window_minutes} minutes"
        case _:
            kind = rule.kind.replace("_", " ")
            return f"{kind} of {rule.threshold:g} or more within {rule.window_minutes} minutes"
