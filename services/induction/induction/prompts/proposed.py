"""Proposals as the outside sees them, of rows and of what people are called. Pure."""

from collections.abc import Mapping, Sequence

from nlu_shared.schemas.promotions import PromotionProposal

from induction.prompts.models import PromptProposalRow, PromptVoteRow


def views(
    rows: Sequence[PromptProposalRow],
    votes: Sequence[PromptVoteRow],
    names: Mapping[str, str],
    *,
    needed_now: int,
) -> list[PromotionProposal]:
    """`needed_now`: approvals, of those that wait still."""
    return [
        PromotionProposal.model_validate(
            {
                **row.model_dump(),
                "proposed_by_name": names[row.proposed_by],
                "approvals_needed": needed_now if row.closed_at is None else row.approvals_needed,
                "votes": [
                    {**one.model_dump(exclude={"proposal_id", "n"}), "by_name": names[one.by]}
                    for one in votes
                    if one.proposal_id == row.id
                ],
            }
        )
        for row in rows
    ]
