"""Ensembles: versions that vote on every text, and what a run has found of such a vote."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Schema, digest
from nlu_shared.schemas.rendered import RenderedPrompt

FEWEST_MEMBERS, MOST_MEMBERS = 2, 9


class VoteRule(StrEnum):
    """How answers become one; its words stand at `nlu_shared.rendering.vote`."""

    MAJORITY = "majority/1"


class EnsembleMember(Schema):
    """A version that votes."""

    version_id: UUID = Field(description="names the version in paths")
    version_hash: str = Field(description="SHA-256 of all the model is told")


class Ensemble(Schema):
    """Versions that answer every text, and the rule by which their answers become one."""

    vote: VoteRule = Field(default=VoteRule.MAJORITY, description="the rule, and its version")
    members: Annotated[
        tuple[EnsembleMember, ...],
        Field(
            min_length=FEWEST_MEMBERS,
            max_length=MOST_MEMBERS,
            description="in order: where a vote is even, the first counts",
        ),
    ]

    @property
    def version_hash(self) -> str:
        """What it is known by: the rule, and what its members tell a model."""
        return ensemble_hash([one.version_hash for one in self.members], self.vote)


def ensemble_hash(member_hashes: list[str], vote: VoteRule = VoteRule.MAJORITY) -> str:
    """Hex SHA-256, of members in their order."""
    return digest({"vote": vote, "members": member_hashes})


class RenderedMember(EnsembleMember):
    """With the request that is made of it."""

    rendered: RenderedPrompt = Field(description="what a request says of it, to the letter")


class RenderedEnsemble(Schema):
    """An ensemble as it runs: every member is asked, and their answers vote."""

    vote: VoteRule = Field(description="the rule, and its version")
    members: tuple[RenderedMember, ...] = Field(description="in order")

    @property
    def rendered_hash(self) -> str:
        """Of all that is asked, and of the rule."""
        return digest([self.vote, *(one.rendered.rendered_hash for one in self.members)])


class Voter(EnsembleMember):
    """A member and what asking it takes."""

    tokens: int = Field(description="about, of a request but the text it is about")


class EnsembleScore(Schema):
    """An objective, 0 to 1, and how far it would vary over other samples of as many cases."""

    objective: float = Field(description="0 to 1")
    interval: tuple[float, float] = Field(description="95 %, by bootstrap")


class SplitVote(Schema):
    """The vote beside each of its members on one split, on cases that all of them answered."""

    split: str = Field(description="validation or test")
    cases: int = Field(description="how many")
    alone: list[EnsembleScore] = Field(description="of each member, in their order")
    vote: EnsembleScore = Field(description="of all by vote")
    gain: float = Field(description="the vote's objective less that of the best alone")
    interval: tuple[float, float] = Field(
        description="95 %, of that gain, by paired bootstrap; on validation, where the best was"
        " chosen, it is rather too low"
    )
    disputed: int = Field(description="cases that the members do not answer alike")
    fixed: int = Field(description="cases that score higher by vote than of the best alone")
    broke: int = Field(description="cases that score lower")


class EnsembleMeasured(Schema):
    """What a vote of several versions gains, and what it costs, beside each of them alone."""

    version_id: UUID | None = Field(default=None, description="the ensemble, as a version")
    version_hash: str = Field(description="of the ensemble")
    vote: VoteRule = Field(description="the rule, and its version")
    members: list[Voter] = Field(description="in order")
    best: int = Field(description="the member that does best alone on validation, from 0")
    calls: int = Field(description="for a text; 1 of a member alone")
    tokens: int = Field(description="about, for a text, but the text; of all members")
    splits: list[SplitVote] = Field(description="validation, then test where there is one")
    summary: str = Field(description="the same in sentences")

    @property
    def ensemble(self) -> Ensemble:
        """What was measured, as a version holds it."""
        named = set(EnsembleMember.model_fields)
        members = [
            EnsembleMember.model_validate(one.model_dump(include=named)) for one in self.members
        ]
        return Ensemble(vote=self.vote, members=tuple(members))
