"""Runs the stack for a person at a terminal, or for one program, and takes it down again."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from deploy.local import placement
from deploy.local.environments import Environment, answering, direct
from deploy.local.ownership import owned
from deploy.local.process import die_with
from deploy.local.secrets import make_temporary
from deploy.local.settings import LocalSettings
from deploy.local.stack import USUAL_PORTS, Stack, running_stack

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_with_parent() -> None:
    """From now on the end of the process that started us, however it ends, is a SIGTERM to us."""
    die_with(os.getppid(), signal.SIGTERM)()


def until_stopped(work: Coroutine[Any, Any, int], *, code: int) -> int:
    """Runs to the end or to the first signal, which unwinds in order; the second ends at once.

    Returns the work's exit code, or `code` when a signal stopped it.
    """

    async def main() -> int:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        interrupted = False

        def ask() -> None:
            nonlocal interrupted
            if interrupted:
                os._exit(130)  # the kernel ends our children with us
            interrupted = True
            task.cancel()

        for one in STOPS:
            asyncio.get_running_loop().add_signal_handler(one, ask)
        try:
            return await work
        except asyncio.CancelledError:
            return code

    return asyncio.run(main())


async def run(settings: LocalSettings) -> int:
    """The stack in the foreground. Raises ProcessDied when a part of it dies again and again."""
    with owned(settings.nlu_data_dir) as data:
        async with running_stack(settings, data, _say) as stack:
            for service, port in stack.ports.items():
                if port != USUAL_PORTS[service] and getattr(settings, f"{service}_port") is None:
                    name = service.replace("_", "-")
                    _say(f"port {USUAL_PORTS[service]} is in use: {name} takes {port}")
            _say(
                f"ready  nlu-logger {stack.addresses.nlu_logger}"
                f"  induction {stack.addresses.induction}  admin key in {data / 'admin.key'}"
                f"  model {answering(os.environ, stack.models)}"
            )
            try:
                died = await stack.keep(_say)
            except asyncio.CancelledError:
                _say("stopping")
                raise
        raise died


async def demo(settings: LocalSettings) -> int:
    """The demo program on a stack and data of its own; returns the program's exit code. Where this
    machine has no data yet, what a demo has made stays, for `make run` to show; else it says
    beforehand that it does not."""
    program = await _demo_program({}, "--check")
    if code := await program.wait():
        return code
    stays = _is_first(settings)
    if not stays:
        _say(_unkept(settings))
    data = settings.nlu_data_dir.absolute() if stays else make_temporary("nlu-demo-")
    code = 1
    try:
        with owned(data):
            _say("starting PostgreSQL, Redis, both services and the model")
            async with running_stack(settings, data, _say) as stack:
                code = await _demonstrate(stack)
    finally:
        if code != 0 and (data / "logs").exists():
            logs = make_temporary("nlu-demo-logs-")
            shutil.copytree(data / "logs", logs, dirs_exist_ok=True)
            _say(f"the services' logs are kept in {logs}")
        if stays and code == 0:
            _say(f"its data is kept in {data}: `make run` shows it at /dashboard")
        else:
            placement.remove(data)
    return code


def _is_first(settings: LocalSettings) -> bool:
    """Whether a demo's data may become this machine's: there is none, and it would be all here, of
    a model that `make run` has too."""
    elsewhere = settings.database_url or settings.redis_url
    return not settings.nlu_data_dir.exists() and elsewhere is None and settings.model is None


def _unkept(settings: LocalSettings) -> str:
    """Why a demo's data goes with it, and what would keep it, if anything does."""
    if not settings.nlu_data_dir.exists():
        return "this demo's data is not kept: `make run` has not this database or model"
    kept = f"this demo's data is not kept, since {settings.nlu_data_dir} holds what was before it"
    if settings.database_url or settings.redis_url or settings.model:
        return kept
    return f"{kept}: with NLU_DATA_DIR=other `make demo` keeps it and `make run` shows it"


async def _demonstrate(stack: Stack) -> int:
    program = await _demo_program(
        {
            "NLU_LOGGER_URL": stack.addresses.nlu_logger,
            "INDUCTION_URL": stack.addresses.induction,
            "NLU_ADMIN_KEY": stack.admin_key,
            **stack.models,
            **direct(os.environ),
        }
    )
    finished = asyncio.create_task(program.wait())
    died = asyncio.create_task(stack.keep(_say))
    try:
        await asyncio.wait([finished, died], return_when=asyncio.FIRST_COMPLETED)
        if died.done():
            raise died.result()
        return finished.result()
    finally:
        died.cancel()
        if program.returncode is None:
            program.kill()
        await finished


async def _demo_program(environment: Environment, *arguments: str) -> asyncio.subprocess.Process:
    """Unlike the services it shares our terminal, and its Ctrl-C."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "deploy.demo", *arguments),
        env=dict(os.environ) | environment,
        preexec_fn=die_with(os.getpid(), signal.SIGKILL),
    )


def _say(line: str) -> None:
    print(line, flush=True)
