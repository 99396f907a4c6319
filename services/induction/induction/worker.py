"""The worker: drives runs, answers the doorbell; asks, tells and forgets by the clock, by which it
also says that it lives."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from nlu_shared.kit.data.db import require_ordinary_login
from nlu_shared.kit.process.jobs import work
from nlu_shared.kit.process.processes import until_stopped
from nlu_shared.schemas.jobs import INDUCTION_QUEUE

from induction.experiments.jobs import look_by_clock
from induction.findings.jobs import tell_by_clock
from induction.notices.jobs import report_by_clock
from induction.privacy.jobs import forget_by_clock
from induction.resources import Resources, open_resources
from induction.runs.batches import settle_by_clock
from induction.runs.driving.presence import present_by_clock
from induction.runs.jobs import drive_runs, execute_run
from induction.runs.verifying.verification import verify_run, verify_runs
from induction.settings import Settings
from induction.triggers.jobs import consider_by_clock, consider_run


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Runs in hand are left; their lease runs out and another goes on."""
    async with open_resources(settings) as resources:
        await require_ordinary_login(resources.database)
        await until_stopped(parts(resources))


def parts(resources: Resources) -> list[Coroutine[Any, Any, None]]:
    """What a worker does, side by side, each part until it is cancelled."""
    wake, verify = asyncio.Event(), asyncio.Event()
    return [
        drive_runs(resources, wake),
        verify_runs(resources, verify),
        consider_by_clock(resources),
        look_by_clock(resources),
        forget_by_clock(resources),
        tell_by_clock(resources),
        report_by_clock(resources),
        settle_by_clock(resources),
        present_by_clock(resources),
        work(
            [execute_run, verify_run, consider_run],
            queue=INDUCTION_QUEUE,
            redis_url=resources.settings.redis,
            wake=wake,
            verify=verify,
            resources=resources,
        ),
    ]
