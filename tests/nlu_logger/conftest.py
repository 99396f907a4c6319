"""What the tests of nlu-logger can ask for; the code is in `world.py`."""

from tests.nlu_logger.world import task, world

__all__ = ["task", "world"]
