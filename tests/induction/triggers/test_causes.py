"""Why a score may have fallen: the model, the traffic, the labels, and where no run helps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from induction.triggers.causes import Night, Signs, causes
from nlu_shared.schemas.canary import Canary
from nlu_shared.schemas.insights import Shift, TrafficDrift
from nlu_shared.schemas.triggers import FallCause

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CANARY = Canary(cases=50, score=0.7, unusable=0, wavered=1, same_cases=50, summary="It is so.")
AT = NOW - timedelta(hours=9)


def night(**fields: object) -> Night:
    return Night(CANARY.model_copy(update=fields), AT)


def moved(psi: float | None, chance: float | None = 0.05) -> TrafficDrift:
    shift = Shift(status="known", psi=psi, chance=chance, window=500, reference=500)
    return TrafficDrift(
        intents=shift,
        confidence=shift,
        minimum=100,
        since=NOW,
        until=NOW,
        reference_since=NOW,
    )


NOTHING = Signs(now=NOW)


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (NOTHING, []),
        (replace(NOTHING, newest=night()), []),
        (replace(NOTHING, newest=night(), drifted=night(drifted=True)), [("provider_drift", True)]),
        (replace(NOTHING, newest=night(unusable=45)), [("provider_drift", False)]),
        (replace(NOTHING, newest=night(unusable=44)), []),
        (replace(NOTHING, drift=moved(None, None)), []),
        (replace(NOTHING, drift=moved(0.09)), []),
        (replace(NOTHING, drift=moved(0.3, 0.4)), []),
        (replace(NOTHING, drift=moved(0.3), fresh=4), [("traffic_drift", True)]),
        (replace(NOTHING, drift=moved(0.3), same=True), [("traffic_drift", False)]),
        (replace(NOTHING, drift=moved(0.3)), [("traffic_drift", True)]),
        (replace(NOTHING, measured_with=1, labels_version=1), []),
        (replace(NOTHING, measured_with=1, labels_version=2), [("labels_changed", True)]),
        (replace(NOTHING, newest=night(truths_changed=3)), [("labels_changed", True)]),
        (
            replace(
                NOTHING, drifted=night(drifted=True), drift=moved(0.3), measured_with=1, fresh=1
            ),
            [("provider_drift", True), ("traffic_drift", True), ("labels_changed", True)],
        ),
    ],
)
def test_a_cause_is_told_where_it_shows(signs: Signs, expected: list[tuple[str, bool]]) -> None:
    assert [(one.cause.value, one.helps) for one in causes(signs)] == expected


def test_a_cause_says_what_it_is_known_by_and_what_to_do() -> None:
    signs = replace(
        NOTHING,
        drifted=night(drifted=True),
        drift=moved(0.3),
        same=True,
        measured_with=1,
        labels_version=2,
    )
    evidence = {one.cause: one.evidence for one in causes(signs)}
    assert evidence == {
        FallCause.PROVIDER_DRIFT: "the model has changed, by the canary that ended Sunday 03:00"
        " UTC: It is so. A run asks it anew.",
        FallCause.TRAFFIC_DRIFT: "a run cannot help: the traffic has changed: stability index 0.30,"
        " by chance below 0.05, as far as that is not the model's doing; no case approved since the"
        " last run shows it: label from the queue label-next",
        FallCause.LABELS_CHANGED: "the label set is version 2, the prompt in production was"
        " measured with version 1",
    }
