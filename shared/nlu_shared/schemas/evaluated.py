"""What is told of answers to cases: how many could be used, what conversations add up to, and the
mistakes that come back."""

from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Schema

FAULTS = (
    "answers that could not be used, by cause: cut, refused, no_object, several_objects, no_label,"
    " unknown_label, no_extraction, no_majority"
)
LENIENT = (
    "answers that count and are not to the letter what was asked for, by how: prose, spelling,"
    " confidence"
)


class ConversationScore(Schema):
    """Scores, 0 to 1, of what all statements of a conversation add up to. An item that comes a
    statement late is no mistake here, and an empty statement no success."""

    conversations: int = Field(description="how many there are")
    objective: float = Field(description="0 to 1")
    components: dict[str, float] = Field(description="F1 by component, 0 to 1")


class ErrorPattern(Schema):
    """A kind of mistake that happens more than once. Case ids only, never their texts."""

    kind: str = Field(description="of mistake, such as confused_labels, no_answer or missed_event")
    summary: str = Field(description="the same in words: what should be, and what was")
    truth: str | None = Field(
        default=None, description="what is right in all of them; null: varies"
    )
    predicted: str | None = Field(
        default=None, description="what was answered in all of them; null: varies"
    )
    count: int = Field(description="how many cases")
    case_ids: list[UUID] = Field(description="these cases, in their order in the data set")
