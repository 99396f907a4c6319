"""How the evidence came to be what it is: the looks that stay. Pure."""

from collections.abc import Sequence

from nlu_shared.schemas.experiments import EvidencePoint, ExperimentEvidence

MOST = 100
"""Looks that stay; one comes each minute, for months."""


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
