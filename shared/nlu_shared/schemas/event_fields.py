"""Fields that events share, and what they hold."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

TYPE = Field(description="which event this is; the message of a stream names it as `event` too")
Iteration = Annotated[int, Field(description="of the search, from 1")]
VersionHash = Annotated[str, Field(description="SHA-256, hex, of all that the prompt tells")]
ParentHash = Annotated[str, Field(description="SHA-256, hex, of the prompt it was made from")]
BestHash = Annotated[str, Field(description="SHA-256, hex, of the best prompt so far")]
FixedCases = Annotated[
    list[UUID],
    Field(
        description="cases by id, of those that judged it: answered better than by the best before"
    ),
]
BrokenCases = Annotated[
    list[UUID],
    Field(
        description="cases by id, of those that judged it: answered worse than by the best before"
    ),
]
