"""The command line of nlu-logger: serve, work, migrate, keys, and the files it reads and writes.

What a command needs is loaded when it is typed: to ask the API nothing of the service is.
"""

import sys

import httpx2
from cyclopts import App
from nlu_shared.client.patient import unanswered
from nlu_shared.kit.environment import UnusableSettings
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.process.output import unbroken

from nlu_logger import VERSION
from nlu_logger.exports.pairs import UnreadableLine
from nlu_logger.exports.splits import BadSplits
from nlu_logger.privacy.journal import BadJournal

app = App(name="nlu-logger", help="Records predictions, loses none.", version=VERSION)
COMMANDS = {
    "import": ("commands.files:import_file", "Brings in texts with their labels, of any format."),
    "import-ground-truth": ("commands.files:import_ground_truth", "`import` under its first name."),
    "import-corrections": ("commands.imports:import_corrections", "Brings in the review file."),
    "import-logs": ("commands.imports:import_logs", "Brings in rows of the original log."),
    "export": ("commands.exports:export", "Writes training rows, or predictions to review."),
    "pairs": ("commands.exports:pairs", "Makes contrastive pairs from a training file."),
    "labels": ("commands.labels:labels", "The label set of a task."),
    "quoting": ("commands.quoting:quoting", "Which texts of a task a prompt may show."),
    "doctor": ("commands.doctor:doctor", "Looks whether everything this service needs is there."),
    "keys": ("commands.service:keys", "API keys of this service."),
    "serve": ("commands.service:serve", "Serves the API until it is told to stop."),
    "work": ("commands.service:work", "Does what the API does not wait for."),
    "migrate": ("commands.service:migrate", "Creates or upgrades the database."),
    "confirm-clock": ("commands.restore:confirm_clock", "Says that a clock that jumped is right."),
    "erase-again": ("commands.restore:erase_again", "Makes again what a restore has undone."),
}
for name, (place, purpose) in COMMANDS.items():
    app.command(f"nlu_logger.{place}", name=name, help=purpose)


def main() -> None:
    unbroken(_main)


def _main() -> None:
    try:
        app()
    except UnusableSettings as wrong:
        sys.exit(f"nlu-logger: {wrong}")
    except httpx2.HTTPError as broken:
        sys.exit(f"nlu-logger: {unanswered(broken)}")
    except BrokenPipeError:
        raise
    except (ServiceError, BadSplits, BadJournal, UnreadableLine, OSError) as refused:
        sys.exit(f"nlu-logger: {refused}")


if __name__ == "__main__":
    main()
