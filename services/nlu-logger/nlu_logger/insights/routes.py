"""Insights by HTTP: read-only numbers over a period, a task, a version."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires, settings_of
from nlu_shared.kit.http.parameters import AnyTask, ModelVersion, PromptVersion, Since, Until
from nlu_shared.schemas.base import Label, Moment, Page
from nlu_shared.schemas.experiments import ArmCounts, Unit
from nlu_shared.schemas.insights import (
    Calibration,
    Comparison,
    ConfidenceBucket,
    Confusion,
    Every,
    IntentCount,
    IntentOutcome,
    LiveScore,
    Sample,
    TrafficDrift,
    Version,
)

from nlu_logger.insights import service
from nlu_logger.insights.service import PeriodFilters
from nlu_logger.settings import Settings

router = APIRouter(
    prefix="/v1/insights", tags=["insights"], dependencies=[requires("insights:read")]
)


def _filters(
    caller: CallerDep,
    settings: Annotated[Settings, Depends(settings_of)],
    since: Since = None,
    until: Until = None,
    days: Annotated[
        float, Query(gt=0, le=3_650, description="length of a period without `from`")
    ] = 7,
    task: AnyTask = None,
    model_version: ModelVersion = None,
    prompt_version: PromptVersion = None,
) -> PeriodFilters:
    return service.filters_of(
        caller,
        since=since,
        until=until,
        days=days,
        task=task,
        model_version=model_version,
        prompt_version=prompt_version,
        settings=settings,
        now=datetime.now(UTC),
    )


SampleQuery = Annotated[Sample, Query(description="which judged cases count")]
FiltersDep = Annotated[PeriodFilters, Depends(_filters)]


@router.get("/confidence")
async def insight_confidence(session: DbSession, filters: FiltersDep) -> Page[ConfidenceBucket]:
    """Predictions by confidence, to one decimal."""
    return Page(items=await service.confidence(session, filters))


@router.get("/intents")
async def insight_intents(session: DbSession, filters: FiltersDep) -> Page[IntentCount]:
    """Predictions, mean confidence and corrections by intent."""
    return Page(items=await service.intents(session, filters))


@router.get("/outcomes")
async def insight_outcomes(session: DbSession, filters: FiltersDep) -> Page[IntentOutcome]:
    """How the work that followed ended, by intent."""
    return Page(items=await service.outcomes(session, filters))


@router.get("/calibration")
async def insight_calibration(
    session: DbSession, filters: FiltersDep, sample: SampleQuery = Sample.AUDIT
) -> Calibration:
    """How often predictions are right that are so and so sure."""
    return await service.calibration(session, filters, sample)


@router.get("/confusion")
async def insight_confusion(
    session: DbSession, filters: FiltersDep, sample: SampleQuery = Sample.AUDIT
) -> Confusion:
    """What was answered against what is right."""
    return await service.confusion(session, filters, sample)


@router.get("/drift")
async def insight_drift(
    session: DbSession,
    filters: FiltersDep,
    reference_since: Annotated[
        Moment | None,
        Query(alias="reference_from", description="where the period compared with begins"),
    ] = None,
) -> TrafficDrift:
    """The period against the one before it, of equal length unless `reference_from` says."""
    return await service.drifted(session, filters, reference_since)


@router.get("/live-f1")
async def insight_live_f1(
    session: DbSession,
    filters: FiltersDep,
    every: Annotated[
        Every | None, Query(description="a score for each day, week or month; without it, one")
    ] = None,
) -> Page[LiveScore]:
    """By task and version, the newest version first, and by period where `every` is given."""
    return Page(items=await service.live_f1(session, filters, every))


@router.get("/compare")
async def insight_compare(
    session: DbSession,
    filters: FiltersDep,
    a: Annotated[Label, Query(description="the version compared with")],
    b: Annotated[Label, Query(description="the version compared")],
    of: Annotated[Version, Query(description="what both are versions of")] = Version.MODEL,
) -> Comparison:
    """Version `b` against `a` on production data."""
    return await service.compared(session, filters, of, a, b)


@router.get("/experiment")
async def insight_experiment(
    session: DbSession,
    filters: FiltersDep,
    a: Annotated[list[Label], Query(max_length=2, description="id and hash of one version")],
    b: Annotated[list[Label], Query(max_length=2, description="id and hash of the other")],
    step: Annotated[
        list[Moment], Query(max_length=10, description="since when each share of b stands")
    ],
    unit: Annotated[
        Unit, Query(description="what gets one version or the other")
    ] = Unit.CONVERSATION,
    lag_minutes: Annotated[
        float, Query(ge=0, le=1_440, description="so long after a step nothing counts")
    ] = 0,
    after: Annotated[
        Moment | None, Query(description="only units that came from then on; without it, all")
    ] = None,
) -> ArmCounts:
    """Units of an experiment by step, version and intent, each counted with its first prediction
    of the period; and how many predictions carry a version, and how many of these a unit. No text
    and no id of a unit is among them."""
    lag = timedelta(minutes=lag_minutes)
    return await service.arms(
        session, filters, unit=unit, versions=(a, b), steps=step, lag=lag, after=after
    )
