"""Versions that travel between instances: signed, with lineage, scores and their runs' reports.

Texts of cases, and what people or models wrote about them, travel only where somebody asks for it:
without them a version has no examples, and is another one than that which was measured.
"""

import base64
import binascii
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from nlu_shared.schemas.base import Body, Label, Moment, SafeJson, Schema, Slug
from nlu_shared.schemas.endpoints import ModelEndpoint
from nlu_shared.schemas.promotions import VersionHash
from nlu_shared.schemas.prompts import MadeOn, PromptContent, SplitScore, TaskKind
from nlu_shared.schemas.rendered import ModuleConstants
from nlu_shared.schemas.reports import RunReport

Format = Literal["induction-bundle/1", "induction-bundle/2"]
FORMAT: Format = "induction-bundle/2"
"""Of what is written. The first one told no `endpoint`."""
MOST_VERSIONS = 200
KEY_BYTES = 32
Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{1,100}={0,2}$")]


def key_bytes(text: str) -> bytes:
    """An Ed25519 key, private or public. Raises ValueError for what is no base64 of 32 bytes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ValueError("a key is base64 of 32 bytes")
    return raw


class BundledVersion(Schema):
    """A version as its instance knew it. Ids are of that instance."""

    id: UUID = Field(description="of the version there")
    parent_id: UUID | None = Field(description="the version it was made from; null: none")
    run_id: UUID | None = Field(description="the run that made it; null: it was brought in")
    version_hash: VersionHash = Field(
        description="of its content there, to which its scores belong"
    )
    content: PromptContent = Field(description="as it travels")
    examples_left_out: int = Field(ge=0, description="of its content; 0: it travels whole")
    labels: tuple[Label, ...] = Field(max_length=10_000, description="it was made with")
    spellings: dict[str, str] = Field(description="other spellings, and the label of each")
    model: str | None = Field(description="it was made for; null: not known")
    constants: ModuleConstants | None = Field(description="the names that its module has")
    made_on: MadeOn | None = Field(description="what answered in the run that made it")
    created_at: Moment = Field(description="when it was made")
    scores: list[SplitScore] = Field(description="every measurement, each with its era")
    endpoint: ModelEndpoint | None = Field(
        default=None,
        description="how the model was asked that it serves with there; null: it was not measured",
    )


class Bundle(Schema):
    """What is signed."""

    format: Format = Field(description="how it is read")
    task: Slug = Field(description="of that instance")
    kind: TaskKind = Field(description="of the task")
    versions: list[BundledVersion] = Field(
        min_length=1, max_length=MOST_VERSIONS, description="a parent before what was made from it"
    )
    reports: list[RunReport] = Field(
        max_length=MOST_VERSIONS, description="the evidence of the runs that made them"
    )


class SignedBundle(Body):
    """A bundle and who vouches for it: Ed25519 over `induction-bundle/1`, whatever its format, a
    line feed, and the bundle's JSON in ASCII with sorted keys and no blanks."""

    bundle: dict[str, SafeJson] = Field(description="a Bundle, to the letter as it was signed")
    public_key: Base64 = Field(description="of the instance, 32 bytes")
    signature: Base64 = Field(description="64 bytes")

    @property
    def claimed_task(self) -> str:
        """What it says before anybody has looked at its signature."""
        return str(self.bundle.get("task"))


class TakenVersion(Schema):
    """A version of a bundle, and what it is here."""

    id: UUID = Field(description="of the version here")
    version_hash: VersionHash = Field(description="of its content here")
    origin_hash: VersionHash = Field(description="of its content where it comes from")
    is_new: bool = Field(description="was it made just now?")


class BundleTaken(Schema):
    """What came of a bundle."""

    task: str = Field(description="whose versions they are here")
    signer: str = Field(
        description="fingerprint of the key: the first 16 hex digits of its SHA-256"
    )
    bundle_hash: str = Field(description="SHA-256 of the bundle's JSON")
    versions: list[TakenVersion] = Field(description="in the bundle's order")


class BundleOrigin(Schema):
    """Where a version came from in a bundle, with what was known of it there. Scores of elsewhere
    stand in no line with scores of here, and count for no promotion."""

    bundle_hash: str = Field(description="SHA-256 of the bundle's JSON")
    signer: str = Field(description="fingerprint of the key that signed it")
    taken_at: Moment = Field(description="when it came")
    taken_by: str = Field(description="who brought it")
    task: str = Field(description="whose version it was there")
    version_id: UUID = Field(description="its id there")
    version_hash: str = Field(description="of its content there")
    examples_left_out: int = Field(description="which it was measured with, and has not here")
    scores: list[SplitScore] = Field(description="every measurement there")
    endpoint: ModelEndpoint | None = Field(
        default=None,
        description="how the model was asked that it served with there; null: it was not measured,"
        " or an older release told nothing of it",
    )
    report: RunReport | None = Field(
        description="the evidence of the run that made it there, about the version that run chose,"
        " `after`: not always this one"
    )
