"""The examples run against a real nlu-logger."""

from tests.nlu_logger.world import world

__all__ = ["world"]
