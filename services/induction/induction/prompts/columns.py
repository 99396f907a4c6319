"""What a list of proposals can be ordered by."""

from nlu_shared.kit.data.orders import Sorts
from sqlalchemy import func
from sqlmodel import col

from induction.prompts.models import PromptProposalRow as Row

PROPOSAL = col(Row.id)
PROPOSALS: Sorts = {
    "version": col(Row.version_hash),
    "alias": col(Row.alias),
    "instead": col(Row.from_version_id),
    "proposed": PROPOSAL,
    "reason": func.lower(col(Row.reason)),
    "verdict": col(Row.evidence)["verdict"]["kind"].astext,
    "status": col(Row.status),
}
