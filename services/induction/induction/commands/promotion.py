"""`induction prompts promote`, `rollback`, `history`, `proposals`, `approve` and `reject`."""

import sys
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.promotions import (
    PointerMove,
    PromotionProposal,
    ProposalStatus,
)
from nlu_shared.schemas.prompts import PromptVersion, ServingAlias, caution_of
from nlu_shared.schemas.run_views import RunView

from induction.commands.bundles import bundle, bundle_key, import_bundle
from induction.commands.ensembles import vote
from induction.commands.prompts import SERVES, prompts
from induction.commands.remote import HERE, Key, Task, Url, answer, client
from induction.commands.replay import replay

PRODUCTION = ServingAlias.PRODUCTION
Body = dict[str, str | None]
for more in (replay, vote, bundle, import_bundle, bundle_key):
    prompts.command(more)


@prompts.command
def promote(
    *,
    task: Task,
    version: UUID | None = None,
    run: UUID | None = None,
    alias: ServingAlias = PRODUCTION,
    reason: str | None = None,
    version_hash: str | None = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Lets a version serve from now on, and prints its id, a tab and `serves`.

    Where the task asks for approvals it is proposed: printed are the proposal's id, a tab and
    `waiting`.

    Parameters
    ----------
    version
        The version that is to serve.
    run
        In its place a run, whose best version is to serve.
    alias
        Under which it is to serve: production or staging.
    reason
        Why, for whoever approves or looks back.
    version_hash
        Of the version that is meant; with another one nothing is done.
    """
    if (version is None) == (run is None):
        sys.exit("induction: name --version or --run, one of them")
    with client(url, key) as http:
        if run is not None:
            view = RunView.model_validate_json(answer(http.get(f"/v1/runs/{run}")).text)
            if view.task != task:
                sys.exit(f"induction: that run is of the task {view.task}")
            version = view.best_version_id
        if version is None:
            sys.exit("induction: that run has found no version that is better than its baseline")
        body = _body(alias, reason, version_hash)
        response = answer(http.post(f"/v1/prompts/{task}/versions/{version}/promote", json=body))
    if response.status_code == httpx2.codes.ACCEPTED:
        proposal = PromotionProposal.model_validate_json(response.text)
        _waits(proposal)
        if reason not in (None, proposal.reason):
            print(f"induction: {_as_proposed(proposal)}", file=sys.stderr)
        return
    promoted = PromptVersion.model_validate_json(response.text)
    print(promoted.id, SERVES, sep="\t")
    if caution := caution_of(promoted.made_on):
        print(f"induction: {caution}", file=sys.stderr)


@prompts.command
def rollback(
    *,
    task: Task,
    alias: ServingAlias = PRODUCTION,
    reason: str | None = None,
    version_hash: str | None = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Lets the version serve again that served before, at once, and prints its id.

    Parameters
    ----------
    alias
        Under which it is to serve: production or staging.
    reason
        Why, for whoever looks back.
    version_hash
        Of the version that serves and is to stop; where another serves nothing is done.
    """
    body = _body(alias, reason, version_hash)
    with client(url, key) as http:
        content = answer(http.post(f"/v1/prompts/{task}/rollback", json=body)).content
    print(PromptVersion.model_validate_json(content).id)


@prompts.command
def history(
    *,
    task: Task,
    alias: ServingAlias = PRODUCTION,
    as_of: datetime | None = None,
    limit: int = 20,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Lists what has served, the newest first: since when, the version, from which, who, why.

    Parameters
    ----------
    alias
        Production or staging.
    as_of
        Only what had happened by then: the first line served at that moment. Without an offset it
        is this machine's time.
    limit
        How many: a number from 1 to 200.
    """
    params: dict[str, Any] = {"alias": alias.value, "limit": limit}
    params |= {} if as_of is None else {"as_of": as_of.astimezone().isoformat()}
    with client(url, key) as http:
        content = answer(http.get(f"/v1/prompts/{task}/history", params=params)).content
    moves = Page[PointerMove].model_validate_json(content).items
    if not moves:
        by_then = "has served yet" if as_of is None else f"had served by {as_of.isoformat()}"
        print(f"induction: nothing {by_then} in {alias.value}", file=sys.stderr)
    for one in moves:
        how = "rolled back" if one.is_rollback else "promoted"
        moved = f"{one.version_id} from {one.from_version_id or '-'}"
        fields = (one.moved_at.isoformat(), how, moved, one.by_name or one.by)
        print(*fields, one.reason or "", sep="\t")


@prompts.command
def proposals(
    *,
    task: Task,
    status: ProposalStatus | None = None,
    limit: int = 20,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Lists proposals, the newest first: id, status, alias, version, verdict, who, why.

    Parameters
    ----------
    status
        Of this status alone: waiting, applied, rejected or stale.
    limit
        How many: a number from 1 to 200.
    """
    params: dict[str, Any] = {"limit": limit} | ({} if status is None else {"status": status.value})
    with client(url, key) as http:
        content = answer(http.get(f"/v1/prompts/{task}/proposals", params=params)).content
    for one in Page[PromotionProposal].model_validate_json(content).items:
        verdict = one.evidence.verdict.kind.value if one.evidence.verdict else "-"
        fields = (one.id, one.status.value, one.alias.value, one.version_id, verdict)
        print(*fields, one.proposed_by_name or one.proposed_by, one.reason or "", sep="\t")


@prompts.command
def approve(
    proposal: UUID,
    /,
    *,
    task: Task,
    reason: str | None = None,
    version_hash: str | None = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Approves a proposal of somebody else, and prints how it stands.

    Parameters
    ----------
    proposal
        Its id.
    reason
        Why, for whoever looks back.
    version_hash
        Of the version that was read; where another is proposed nothing is done.
    """
    body = {"version_hash": version_hash, "reason": reason}
    _decide(task, proposal, "approve", body, url=url, key=key)


@prompts.command
def reject(proposal: UUID, /, *, task: Task, reason: str, url: Url = HERE, key: Key = "") -> None:
    """Ends a proposal, and prints how it stands.

    Parameters
    ----------
    proposal
        Its id.
    reason
        Why, for its author.
    """
    _decide(task, proposal, "reject", {"reason": reason}, url=url, key=key)


def _body(alias: ServingAlias, reason: str | None, version_hash: str | None) -> Body:
    return {"alias": alias.value, "reason": reason, "version_hash": version_hash}


def _decide(task: str, proposal: UUID, decision: str, body: Body, *, url: str, key: str) -> None:
    path = f"/v1/prompts/{task}/proposals/{proposal}/{decision}"
    with client(url, key) as http:
        response = answer(http.post(path, json=body))
    print(PromotionProposal.model_validate_json(response.text).status.value)


def _as_proposed(proposal: PromotionProposal) -> str:
    """To whoever proposes again, and says why."""
    why = "no reason" if proposal.reason is None else f"the reason {proposal.reason!r}"
    return (
        f"it was proposed before, with {why}; yours is not taken: `induction prompts reject"
        f" {proposal.id} --task {proposal.task}` withdraws it, to be proposed anew"
    )


def _waits(proposal: PromotionProposal) -> None:
    print(proposal.id, proposal.status.value, sep="\t")
    command = f"induction prompts approve {proposal.id} --task {proposal.task}"
    print(
        f"induction: it waits for {proposal.approvals_needed} to approve: {command}",
        file=sys.stderr,
    )
