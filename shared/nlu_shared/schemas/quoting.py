"""May a text appear inside a prompt? What holds for a task, and for many cases at once."""

from pydantic import Field

from nlu_shared.schemas.base import Body, Label, Moment, Schema, Slug


class QuotingDefaultIn(Body):
    """What is to hold where an approval or an import does not say."""

    may_quote: bool = Field(description="may the texts of new cases appear inside a prompt?")


class QuotingDefault(Schema):
    """What holds for a task where an approval or an import does not say."""

    task: Slug = Field(description="whose cases")
    may_quote: bool | None = Field(
        description="null: nobody has said; approved predictions are not quoted, cases that are"
        " brought in are"
    )


class QuotingIn(Body):
    """The approved cases to change: all of a task that every condition given holds for."""

    task: Slug = Field(description="whose cases")
    may_quote: bool = Field(default=True, description="may these texts appear inside a prompt?")
    label: Label | None = Field(default=None, description="of this truth alone")
    group: Label | None = Field(default=None, description="of this group alone")
    since: Moment | None = Field(
        default=None, alias="from", description="approved at this moment or later"
    )
    until: Moment | None = Field(default=None, alias="to", description="approved before it")
    dry_run: bool = Field(default=True, description="only say how many it would change")


class Quoted(Schema):
    """What became of it, or what would."""

    matched: int = Field(description="approved cases the filter holds for")
    changed: int = Field(description="of these, those that were otherwise before")
    cases: int = Field(description="approved cases of the task")
    quotable: int = Field(description="of these, those a prompt may quote then")
    dry_run: bool = Field(description="was nothing changed?")
