"""What a key of nlu-logger may be allowed to do, a sentence each."""

from collections.abc import Mapping

from nlu_shared.kit.access.auth import ADMIN

SCOPES: Mapping[str, str] = {
    "predictions:write": "log predictions, one or many, and ask which are stored",
    "outcomes:write": "log how the work that followed a prediction ended",
    "predictions:read": "read logged predictions",
    "corrections:write": "propose corrections, confirm predictions, bring in filled review files",
    "reviews:read": "read review queues, conflicts and doubted labels",
    "reviews:claim": "hold items of a queue while reviewing them",
    "reviews:decide": "approve, reject and reopen corrections, and settle conflicts",
    "findings:write": "report doubted labels, as induction does",
    "ground-truth:read": "read approved cases, and which of them were erased",
    "ground-truth:write": "bring in labelled cases that never were predictions, and withdraw cases",
    "labels:write": "define the label set of a task, and rename labels over history",
    "exports:read": "download training rows, review files and pairs",
    "insights:read": "read the numbers behind the dashboard",
    "users:erase": "erase everything that is stored of a person",
    ADMIN: "everything, keys, schedules, alerts, settings and the audit log included",
}
