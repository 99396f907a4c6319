"""What the forms of both pages ask for. Pure."""

from typing import Literal

from nlu_shared.schemas.base import Label, Schema, Slug
from nlu_shared.schemas.insights import Sample, Version


class Period(Schema):
    """The last `days` of one task's traffic, or of all the caller's."""

    task: Slug | None = None
    days: Literal["1", "7", "30", "90"] = "30"


class MatrixIn(Period):
    sample: Sample = Sample.REVIEWED


class ComparisonIn(Period):
    """`b` against `a`; without both there is nothing to compare yet."""

    of: Version = Version.PROMPT
    a: Label | None = None
    b: Label | None = None
