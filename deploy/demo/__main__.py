"""`python -m deploy.demo`: the demo on the stack its environment names.

Exit code 0 only if every step worked. With `--check` the data and the options are read, and
nothing else happens.
"""

import asyncio
import io
import os
import sys

from induction.llm.errors import ParkRun, StopRun, UnknownModel
from induction.watching.screen import console_for
from nlu_shared.client import ClientError
from nlu_shared.files.formats.plain import DISCUSSIONS

from deploy.demo import options
from deploy.demo.data import BadData, DataSet, holds_discussions, read
from deploy.demo.discussions import read_discussions
from deploy.demo.show import opening, show
from deploy.demo.story import DemoFailed, Story, tell

FAILED, INTERRUPTED = 1, 130
EXPECTED = (
    BadData,
    options.BadOption,
    ClientError,
    DemoFailed,
    OSError,
    ParkRun,
    StopRun,
    UnknownModel,
)


def main(arguments: list[str]) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        choice = options.choice(os.environ)
        data = data_of(choice)
        options.make_writable(choice.out)
        if "--check" in arguments:
            return 0
        stack = options.stack(os.environ)
        console = console_for()
        opening(console, data, stack)
        asyncio.run(show(tell(Story(choice, stack, data)), console))
    except EXPECTED as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0


def data_of(choice: options.Choice) -> DataSet:
    """Coded discussions, or texts and labels in any format that an import takes."""
    if choice.format in (None, DISCUSSIONS.name) and holds_discussions(choice.data):
        return read_discussions(choice.data, limit=choice.limit)
    return read(
        choice.data,
        text=choice.text,
        label=choice.label,
        format=choice.format,
        limit=choice.limit,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
