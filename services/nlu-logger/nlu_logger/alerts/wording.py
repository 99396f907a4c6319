"""What a notice says to people: numbers and the rule's own name, never a logged text."""

from nlu_shared.schemas.alerts import (
    AlertNotice,
    Drift,
    ErrorRate,
    IngestSilence,
    LowConfidenceShare,
    Notice,
    Rule,
)


def subject(told: AlertNotice) -> str:
    """One line."""
    state = "ALERT" if told.notice is Notice.OPENED else "recovered"
    return f"[nlu-logger] {state}: {told.rule.name}"


def text(told: AlertNotice) -> str:
    """A few lines of plain text."""
    return (
        f"{_finding(told)}\n"
        f"Rule: {_rule(told.rule)}, task {told.rule.task or 'any'}.\n"
        f"At {told.at:%Y-%m-%d %H:%M:%S} UTC, incident {told.incident_id}."
    )


def _finding(told: AlertNotice) -> str:
    match told.rule:
        case ErrorRate():
            return f"{told.value:.1%} of {told.count} outcomes failed."
        case LowConfidenceShare(below=below):
            return (
                f"{told.value:.1%} of {told.count} predictions have a confidence below {below:g}."
            )
        case Drift():
            return f"The intents' stability index is {told.value:.3f}, of {told.count} predictions."
        case IngestSilence(window_minutes=minutes):
            if told.notice is Notice.OPENED:
                return f"No prediction for {minutes} minutes, {told.count} in the period before."
            return "Predictions arrive again."


def _rule(rule: Rule) -> str:
    match rule:
        case IngestSilence():
            return f"silence of {rule.window_minutes} minutes"
        case _:
            kind = rule.kind.replace("_", " ")
            return f"{kind} of {rule.threshold:g} or more within {rule.window_minutes} minutes"
