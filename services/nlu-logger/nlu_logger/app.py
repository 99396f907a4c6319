"""The HTTP face of nlu-logger."""

from fastapi import FastAPI
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.http.admin import router as admin
from nlu_shared.kit.http.web import create_app

from nlu_logger import VERSION
from nlu_logger.alerts.routes import insights as incidents
from nlu_logger.alerts.routes import router as alerts
from nlu_logger.dashboard.house import entrance
from nlu_logger.dashboard.routes import router as dashboard
from nlu_logger.exports.routes import admin as schedules
from nlu_logger.exports.routes import router as exports
from nlu_logger.ground_truth.routes import quoting_router as quoting
from nlu_logger.ground_truth.routes import router as ground_truth
from nlu_logger.imports.routes import router as imports
from nlu_logger.insights.routes import router as insights
from nlu_logger.labels.routes import router as labels
from nlu_logger.predictions import partitions
from nlu_logger.predictions.routes import router as predictions
from nlu_logger.privacy import jobs as retention
from nlu_logger.privacy.routes import router as privacy
from nlu_logger.resources import JOB_IDENTITY, Resources, open_resources
from nlu_logger.reviews.routes import router as reviews
from nlu_logger.scopes import SCOPES
from nlu_logger.settings import Settings

ROUTERS = (
    predictions,
    reviews,
    labels,
    ground_truth,
    quoting,
    insights,
    incidents,
    exports,
    schedules,
    imports,
    alerts,
    privacy,
    admin,
    entrance.root,
    dashboard,
)


def build(settings: Settings) -> FastAPI:
    return create_app(
        title="nlu-logger",
        version=VERSION,
        open_resources=lambda: open_resources(settings),
        routers=ROUTERS,
        settings=settings,
        scopes=SCOPES,
        measure=_measure,
        refusing=entrance.refused,
    )


async def _measure(resources: Resources) -> dict[str, float]:
    async with session_scope(resources.database, JOB_IDENTITY) as session:
        return {
            "predictions_without_month": await partitions.without_month(session),
            "retention_waits_for_a_person": await retention.waits_for_a_person(session),
        }
