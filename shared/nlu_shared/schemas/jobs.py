"""The named jobs on the queues. Arguments are JSON; a job only wakes, its facts are rows."""

from nlu_shared.schemas.base import Schema

CONSIDER_RUN = "consider_run"
"""On induction's queue: ground truth of a task changed, should a run start? Argument: task slug."""
EXECUTE_RUN = "execute_run"
"""On induction's queue: a run is waiting for a worker. Argument: run id."""
VERIFY_RUN = "verify_run"
"""On induction's queue: a run that is over is to be executed again and compared."""
INDUCTION_QUEUE = "induction:jobs"


class JobOrder(Schema):
    """A job to hand over after the commit. Equal `job_id`s still waiting are one job."""

    name: str
    queue: str
    job_id: str
    arguments: tuple[str, ...] = ()
