"""What a key of induction may be allowed to do, a sentence each."""

from collections.abc import Mapping

from nlu_shared.kit.access.auth import ADMIN

SCOPES: Mapping[str, str] = {
    "tasks:read": "read tasks, and the models in use",
    "tasks:write": "create and change tasks",
    "prompts:read": "read, compare and export prompt versions, and the active one",
    "prompts:write": "bring prompts in, promote them or propose it, roll back, and experiment",
    "prompts:approve": "approve and reject promotions that others propose",
    "runs:read": "read and watch runs",
    "runs:write": "start and steer runs, approve and veto their changes, continue and verify them",
    ADMIN: "everything, keys, triggers, prices, channels, spend, settings and the audit log"
    " included",
}
