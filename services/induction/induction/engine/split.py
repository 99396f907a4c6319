"""Which cases teach, which choose and which judge."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from nlu_shared.schemas.events import PartName

from induction.tasks.base import Case


def assign(
    cases: Sequence[Case],
    strata: Mapping[UUID, str],
    known: Mapping[UUID, PartName],
    seed: int,
) -> dict[UUID, PartName]:
    """The part of every case, by case id."""
    raise NotImplementedError
