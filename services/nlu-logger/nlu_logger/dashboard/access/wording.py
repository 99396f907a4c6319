"""Lines of the audit log in words: what was done, to what, and on which page that stands. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from nlu_shared.schemas.audit import AuditLine

from nlu_logger.dashboard.search.filters import PREDICTIONS

DID: Mapping[str, str] = {
    "alerts.create": "made an alert",
    "alerts.delete": "removed an alert",
    "corrections.approve": "approved a correction",
    "corrections.confirm": "confirmed a prediction",
    "corrections.import": "brought corrections in",
    "corrections.propose": "corrected a prediction",
    "corrections.reject": "rejected a correction",
    "corrections.reopen": "took a decision back",
    "corrections.withdraw": "took a correction back",
    "ground_truth.import": "brought cases in",
    "keys.create": "made a key",
    "keys.revoke": "revoked a key",
    "keys.rotate": "made the successor of a key",
    "labels.add": "added a label",
    "labels.define": "defined the labels",
    "labels.rename": "renamed a label",
    "predictions.import": "brought predictions in",
    "privacy.anonymise": "anonymised cases",
    "privacy.confirm-clock": "confirmed the clock",
    "privacy.drop": "dropped a month of predictions",
    "privacy.erase": "erased a person",
    "privacy.sweep": "removed what was older than the retention",
    "quoting.decide": "decided which cases may be quoted",
    "quoting.default": "decided whether new cases may be quoted",
    "reviews.clear": "let a doubted label stand",
    "reviews.settle": "settled a conflict",
    "schedules.add": "added a schedule",
    "schedules.remove": "removed a schedule",
    "truth.add": "added a case",
    "truth.remove": "withdrew a case",
}
OPERATIONS, TRUTHS = "/dashboard/operations", "/dashboard/truths"
RETENTION = f"{OPERATIONS}/retention"
PAGES: Mapping[str, tuple[str, str]] = {
    "alerts": ("the alert", f"{OPERATIONS}/alerts"),
    "keys": ("the key", OPERATIONS),
    "schedules": ("the schedule", f"{OPERATIONS}/exports"),
    "privacy.drop": ("what is retained", RETENTION),
    "privacy.sweep": ("what is retained", RETENTION),
    "privacy.anonymise": ("cases", TRUTHS),
    "reviews.settle": ("the conflict", ""),
    "reviews.clear": ("the case", ""),
    "truth": ("the case", ""),
}
"""By action, or by the room of many."""
OF_A_TASK = ("labels", "quoting")


@dataclass(frozen=True, slots=True)
class LineInWords:
    """`of` is what was acted on, in words, with the page where it stands, "" where none does;
    `mark` is the end of its id, or its name, and `details` are what else is kept, in words."""

    did: str
    of: str
    page: str
    mark: str
    details: str


def did(action: str) -> str:
    return DID.get(action, action.replace(".", ": ").replace("_", " "))


def is_of_a_key(line: AuditLine) -> bool:
    return line.action.startswith("keys.")


def in_words(line: AuditLine, key: str | None) -> LineInWords:
    """One line; `key` is the name of the key that it is about, if it is about one."""
    details = line.details if isinstance(line.details, dict) else {}
    of, page = _of(line, key, details)
    mark = f"…{line.subject[-6:]}" if _is_id(line.subject) else line.subject
    kept = [
        f"{name.replace('_', ' ')} {_word(value)}"
        for name, value in details.items()
        if isinstance(value, bool) or (isinstance(value, str | int | float) and _counts(value))
    ]
    return LineInWords(did(line.action), of, page, mark, ", ".join(kept) or "more")


def _of(line: AuditLine, key: str | None, details: Mapping[str, object]) -> tuple[str, str]:
    room = line.action.partition(".")[0]
    if is_of_a_key(line):
        return key or "a key", OPERATIONS
    if room in OF_A_TASK:
        return "the task", f"{TRUTHS}?{urlencode({'task': line.subject})}"
    if _is_id(details.get("prediction_id")):
        return "the prediction", f"{PREDICTIONS}/{details['prediction_id']}"
    if line.action == "privacy.erase":
        return "the receipt", f"{OPERATIONS}/erasure/{line.subject}"
    return PAGES.get(line.action) or PAGES.get(room) or ("", "")


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _counts(value: object) -> bool:
    """What is none says nothing, and an id says it in no word."""
    return value not in (0, "") and not _is_id(value)


def _is_id(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True
