"""The HTTP face of nlu-logger."""

from fastapi import FastAPI
from nlu_shared.kit.keys import router as keys
from nlu_shared.kit.web import create_app

from nlu_logger.dashboard.routes import router as dashboard
from nlu_logger.exports.routes import router as exports
from nlu_logger.ground_truth.routes import router as ground_truth
from nlu_logger.insights.routes import router as insights
from nlu_logger.predictions.routes import router as predictions
from nlu_logger.resources import open_resources
from nlu_logger.reviews.routes import router as reviews
from nlu_logger.settings import Settings

VERSION = "0.1.0"
ROUTERS = (predictions, reviews, ground_truth, insights, exports, keys, dashboard)


def build(settings: Settings) -> FastAPI:
    return create_app(
        title="nlu-logger",
        version=VERSION,
        open_resources=lambda: open_resources(settings),
        routers=ROUTERS,
        max_body_bytes=settings.max_body_bytes,
    )
