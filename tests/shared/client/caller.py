"""A backend that calls the client in one of the ways its framework calls it. Not a test.

Usage: `python caller.py WAY URL KEY`; prints what was raised, if anything, and the `dropped`.
"""

import _thread
import asyncio
import atexit
import logging
import os
import sys
import threading
from collections.abc import Callable

from nlu_shared.client import NLUService, create_nlu_service

WAY, URL, KEY = sys.argv[1:]


def service() -> NLUService:
    return create_nlu_service(lambda _: ("greet", 0.9), url=URL, key=KEY, task=WAY)


def once(nlu: NLUService, text: str) -> None:
    result = asyncio.run(nlu.process_message(text))
    asyncio.run(nlu.update_workflow_outcome(result.log_id, True))


def loops(nlu: NLUService) -> None:
    once(nlu, "one")
    once(nlu, "two")


def threads(nlu: NLUService) -> None:
    many = [threading.Thread(target=once, args=(nlu, f"in thread {n}")) for n in range(8)]
    for one in many:
        one.start()
    for one in many:
        one.join()


def fork(nlu: NLUService) -> None:
    once(nlu, "in the parent")
    children = []
    for n in range(4):
        child = os.fork()
        if child == 0:
            once(nlu, f"in child {n}")
            print("dropped in a child", nlu.dropped, flush=True)
            os._exit(0)
        children.append(child)
    once(nlu, "in the parent again")
    for child in children:
        os.waitpid(child, 0)


def same_loop_in_a_child(nlu: NLUService) -> None:
    """One loop made before the fork and run in both, as a sync framework keeps it."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(nlu.process_message("in the parent"))
    if (child := os.fork()) == 0:
        asyncio.run(nlu.process_message("in the child"))
        os._exit(nlu.dropped)
    os.waitpid(child, 0)
    loop.run_until_complete(nlu.process_message("in the parent again"))


def at_exit(nlu: NLUService) -> None:
    once(nlu, "early")
    atexit.register(once, nlu, "late")


def first_at_exit(nlu: NLUService) -> None:
    atexit.register(lambda: (once(nlu, "late"), print("answered")))


def after_close(nlu: NLUService) -> None:
    once(nlu, "before")
    asyncio.run(nlu.close())
    once(nlu, "after")


def without_asyncio(nlu: NLUService) -> None:
    """Driven by hand, as another kind of loop would."""
    try:
        nlu.process_message("by hand").send(None)
    except StopIteration as done:
        print("answered", done.value.intent)


def finalizing(nlu: NLUService) -> None:
    """Called by an object that is collected with the interpreter."""

    class Late:
        def __del__(self) -> None:
            try:
                nlu.process_message("collected").send(None)
            except StopIteration:
                os.write(1, b"answered\n")

    once(nlu, "early")
    sys.modules["late"] = Late()  # type: ignore[assignment]


def cancelled(nlu: NLUService) -> None:
    async def hurried() -> None:
        task = asyncio.create_task(nlu.process_message("patience"))
        await asyncio.sleep(0)
        for _ in range(3):  # as far as the post, which is another thread's
            await asyncio.sleep(0.05)
        task.cancel()

    asyncio.run(hurried())
    once(nlu, "later")


async def classify(_: str) -> tuple[str, float]:
    return "greet", 0.9


def in_flight_at_exit(_: NLUService) -> None:
    """A loop that ends, and with it the program, while facts are on their way."""
    nlu = create_nlu_service(classify, url=URL, key=KEY, task=WAY)

    async def fire() -> None:
        tasks = [asyncio.create_task(nlu.process_message(f"in flight {n}")) for n in range(20)]
        await asyncio.sleep(0)  # all are classified and submitted, and none is answered
        assert not any(task.done() for task in tasks)

    asyncio.run(fire())


def lost_at_exit(_: NLUService) -> None:
    """The same, with nobody at the address."""
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    nlu = create_nlu_service(classify, url="http://127.0.0.1:9", key=KEY, task=WAY)

    async def fire() -> None:
        asyncio.create_task(nlu.process_message("lost"))  # noqa: RUF006 - ended by the loop
        await asyncio.sleep(0)

    asyncio.run(fire())


def green(nlu: NLUService) -> None:
    """What gevent's monkey patching leaves of threads, as far as can be seen from here."""
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    start = _thread.start_new_thread

    def start_new_thread(*args: object) -> int:
        return start(*args)  # type: ignore[arg-type]

    start_new_thread.__module__ = "gevent.thread"
    _thread.start_new_thread = start_new_thread  # type: ignore[assignment]
    asyncio.run(nlu.process_message("green"))


WAYS: dict[str, Callable[[NLUService], None]] = {
    "loops": loops,
    "threads": threads,
    "fork": fork,
    "same-loop": same_loop_in_a_child,
    "at-exit": at_exit,
    "first-at-exit": first_at_exit,
    "after-close": after_close,
    "without-asyncio": without_asyncio,
    "finalizing": finalizing,
    "cancelled": cancelled,
    "lost-at-exit": lost_at_exit,
    "in-flight-at-exit": in_flight_at_exit,
    "green": green,
}

if __name__ == "__main__":
    nlu = service()
    WAYS[WAY](nlu)
    print("dropped", nlu.dropped, flush=True)
