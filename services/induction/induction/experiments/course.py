"""How the evidence came to be what it is: the looks that stay. Pure."""

from collections.abc import Sequence

from nlu_shared.schemas.experiments import ArmCounts, EvidencePoint, ExperimentEvidence

MOST = 100
"""Looks that stay; one comes each minute, for months."""


def grown(
    before: ExperimentEvidence | None, measured: ExperimentEvidence, counts: ArmCounts
) -> ExperimentEvidence:
    """What is measured now, with what was logged and looked at until then."""
    looks = extended([] if before is None else before.course, measured)
    predictions, with_unit = counts.predictions, counts.with_unit
    if before is not None:
        predictions = _sum(before.predictions, predictions)
        with_unit = _sum(before.with_unit, with_unit)
    return measured.model_copy(
        update={"course": looks, "predictions": predictions, "with_unit": with_unit}
    )


def _sum(before: int | None, since: int | None) -> int | None:
    """None where neither was counted."""
    return before if since is None else since + (before or 0)


def extended(course: Sequence[EvidencePoint], evidence: ExperimentEvidence) -> list[EvidencePoint]:
    """The course with one look more, if more has settled since the last.

    Where there are too many, one goes that its neighbours stand nearest to in time: the first and
    the last stay, and what is between them is spread over the whole time.
    """
    units = sum(one.units for one in evidence.arms)
    if units == (course[-1].units if course else 0):
        return list(course)
    point = EvidencePoint(
        at=evidence.looked_at,
        units=units,
        difference=evidence.difference,
        better=evidence.better,
        worse=evidence.worse,
    )
    longer = [*course, point]
    if len(longer) > MOST:
        inner = range(1, len(longer) - 1)
        del longer[min(inner, key=lambda at: longer[at + 1].at - longer[at - 1].at)]
    return longer
