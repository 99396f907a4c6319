"""The tables of what was proposed and of what served, and what a spreadsheet is told. Pure."""

from operator import attrgetter

from nlu_shared.files.spreadsheets import Columns
from nlu_shared.kit.pages.tables import Table
from nlu_shared.schemas.promotions import ProposalStatus
from nlu_shared.schemas.prompts import ServingAlias

OF_MOVES = {
    "version": False, "since": True, "until": True, "instead": False, "by": False, "reason": False
}  # fmt: skip
OF_PROPOSALS = {
    "version": False, "alias": False, "instead": False, "proposed": True, "reason": False,
    "verdict": False, "status": False,
}  # fmt: skip
MOVES: Columns = {
    "version": attrgetter("version_hash"),
    "since": attrgetter("moved_at"),
    "until": attrgetter("until"),
    "instead_of": attrgetter("from_version_hash"),
    "rolled_back": attrgetter("is_rollback"),
    "by": attrgetter("by"),
    "reason": attrgetter("reason"),
    "written_because": attrgetter("notes"),
}
PROPOSALS: Columns = {
    "proposal": attrgetter("id"),
    "version": attrgetter("version_hash"),
    "alias": attrgetter("alias"),
    "instead_of": attrgetter("from_version_id"),
    "proposed": attrgetter("proposed_at"),
    "by": attrgetter("proposed_by"),
    "reason": attrgetter("reason"),
    "verdict": lambda one: one.evidence.verdict and one.evidence.verdict.kind,
    "status": attrgetter("status"),
    "votes": lambda one: ", ".join(f"{vote.decision} by {vote.by}" for vote in one.votes),
}


def moves(task: str, alias: ServingAlias, sort: str | None) -> Table:
    parameters = {"alias": alias.value}
    return Table(f"/dashboard/tasks/{task}/production", OF_MOVES, "-since", sort, parameters)


def proposals(task: str, status: ProposalStatus | None, sort: str | None) -> Table:
    parameters = {"status": status}
    return Table(f"/dashboard/tasks/{task}/proposals", OF_PROPOSALS, "-proposed", sort, parameters)
