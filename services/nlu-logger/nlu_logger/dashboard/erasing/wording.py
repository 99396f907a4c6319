"""A receipt in the words of its page: what went, what was exported, and who has it. Pure."""

from collections.abc import Iterable, Mapping

from nlu_shared.schemas.exports import Schedule
from nlu_shared.schemas.privacy import ErasureReceipt

SCHEDULE, USER = "schedule:", "user:"
EXPORTS = {
    "retraining": "training data",
    "review": "a file for review",
    "pairs": "pairs of texts",
    "predictions": "predictions, saved from their page",
    "ground_truth": "approved cases, saved from their page",
}
REMOVED = {
    "predictions": "Predictions",
    "corrections": "Corrections and confirmations of them",
    "selections": "Notes of how they were chosen for review",
    "claims": "Holds of reviewers on them",
    "audit_lines_renamed": "Lines of the audit log that now name the pseudonym",
}


def removed(receipt: ErasureReceipt) -> list[tuple[str, int]]:
    """Rows that went, by what they were; a table without a word of its own by its name."""
    counts = receipt.removed
    named = {**dict.fromkeys(name for name in REMOVED if name in counts), **counts}
    return [
        (REMOVED.get(name, name.replace("_", " ").capitalize()), counts[name]) for name in named
    ]


def actor(subject: str | None, names: Mapping[str, str], own: str) -> str:
    """Who asked for an erasure; a person who asked themselves is not named."""
    if subject is None:
        return "the journal, read again after a restore"
    if subject.startswith(USER):
        return "the person themselves"
    return "you" if subject == own else names.get(subject, subject)


def exported(kind: str) -> str:
    return EXPORTS.get(kind, kind.replace("_", " "))


def holders(
    recipients: Iterable[str], names: Mapping[str, str], schedules: Iterable[Schedule]
) -> Mapping[str, str]:
    """By recipient; keys by their `names`."""
    known = {f"{SCHEDULE}{one.id}": f"the schedule {one.name}" for one in schedules}
    return {
        one: known.get(one, "a schedule that is gone")
        if one.startswith(SCHEDULE)
        else names.get(one, one)
        for one in recipients
    }
