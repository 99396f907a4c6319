"""The HTTP face of induction."""

from fastapi import FastAPI
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.http.admin import router as admin
from nlu_shared.kit.http.web import create_app

from induction import VERSION
from induction.bundles.routes import router as bundles
from induction.catalogue.routes import router as catalogue
from induction.dashboard.house import entrance
from induction.dashboard.routes import router as dashboard
from induction.experiments.ofrep_routes import router as ofrep
from induction.experiments.routes import router as experiments
from induction.experiments.serving_routes import router as serving
from induction.history.routes import router as history
from induction.notices.routes import router as notices
from induction.pricing.routes import router as pricing
from induction.privacy.routes import router as privacy
from induction.prompts.promotion_routes import router as promotions
from induction.prompts.routes import router as prompts
from induction.reports.routes import router as reports
from induction.resources import APP_IDENTITY, Resources, open_resources
from induction.runs import backlog
from induction.runs.replay_routes import router as replays
from induction.runs.routes import router as runs
from induction.runs.streaming.stream_routes import router as streams
from induction.scopes import SCOPES
from induction.settings import Settings
from induction.spending.routes import router as spending
from induction.tasks.routes import router as tasks
from induction.triggers.routes import router as triggers


def build(settings: Settings) -> FastAPI:
    return create_app(
        title="induction",
        version=VERSION,
        open_resources=lambda: open_resources(settings),
        routers=[
            tasks,
            prompts,
            promotions,
            bundles,
            serving,
            experiments,
            ofrep,
            history,
            replays,
            runs,
            streams,
            reports,
            notices,
            catalogue,
            pricing,
            spending,
            triggers,
            privacy,
            admin,
            entrance.root,
            dashboard,
        ],
        settings=settings,
        scopes=SCOPES,
        measure=_measure,
        refusing=entrance.refused,
    )


async def _measure(resources: Resources) -> dict[str, float]:
    async with session_scope(resources.database, APP_IDENTITY) as session:
        return await backlog.gauges(session)
