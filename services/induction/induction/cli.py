"""The command line of induction: serve, work, migrate, and the doors of the API one types.

What a command needs is loaded when it is typed: to ask the API nothing of the service is.
"""

import sys

import httpx2
from cyclopts import App, CycloptsError
from nlu_shared.client.errors import ClientError
from nlu_shared.client.patient import unanswered
from nlu_shared.kit.environment import UnusableSettings
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.process.output import unbroken

from induction import VERSION

app = App(name="induction", help="Improves prompts from approved ground truth.", version=VERSION)
COMMANDS = {
    "run": ("commands.runs:run", "Starts a run: improves a prompt, or compares models."),
    "evaluate": ("commands.runs:evaluate", "Starts an evaluation of a prompt version."),
    "runs": (
        "commands.steering:runs",
        "Runs: list, show, report, steer, verify, continue.",
    ),
    "prompts": ("commands.promotion:prompts", "The prompt registry, and what serves."),
    "score": ("commands.score:score", "Scores files by the scorer of the runs, without a server."),
    "models": ("commands.models:models", "The models in use: reachable, priced, retiring."),
    "doctor": ("commands.doctor:doctor", "Looks whether everything this service needs is there."),
    "keys": ("commands.service:keys", "API keys of this service."),
    "serve": ("commands.service:serve", "Serves the API until it is told to stop."),
    "work": ("commands.service:work", "Drives runs until it is told to stop."),
    "migrate": ("commands.service:migrate", "Creates or upgrades the database."),
}
for name, (place, purpose) in COMMANDS.items():
    app.command(f"induction.{place}", name=name, help=purpose)

USAGE = 2
"""What a mistyped command exits with, so that 1 can mean something."""


def main() -> None:
    unbroken(_main)


def _main() -> None:
    try:
        app(exit_on_error=False)
    except CycloptsError:
        sys.exit(USAGE)  # it has printed what is wrong
    except UnusableSettings as wrong:
        sys.exit(f"induction: {wrong}")
    except httpx2.HTTPError as away:
        sys.exit(f"induction: {unanswered(away)}")
    except (ServiceError, ClientError) as refused:
        sys.exit(f"induction: {refused}")


if __name__ == "__main__":
    main()
