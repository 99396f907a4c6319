"""What the browser tests can ask for; the code is in nlu-logger's `world.py`."""

from tests.nlu_logger.world import task

__all__ = ["task"]
