"""`python -m deploy.local run | demo | psql | doctor`: what `make` calls."""

import sys
from typing import Annotated

from cyclopts import App, Parameter
from nlu_shared.environment import variable

from deploy.local import doctors, psql, supervisor
from deploy.local.problems import LocalProblem
from deploy.local.settings import LocalSettings

app = App(name="deploy.local", help="The whole product on this machine.", version_flags=[])
WithParent = Annotated[bool, Parameter(help="stop when the process that started this one ends")]


@app.command
def run(*, with_parent: WithParent = False) -> int:
    """The whole stack in the foreground, until Ctrl-C."""
    if with_parent:
        supervisor.stop_with_parent()
    return supervisor.until_stopped(supervisor.run(LocalSettings.read()), code=0)


@app.command
def demo(*, with_parent: WithParent = False) -> int:
    """The demo on a stack of its own; exits as the demo does."""
    if with_parent:
        supervisor.stop_with_parent()
    return supervisor.until_stopped(supervisor.demo(LocalSettings.read()), code=130)


@app.command(name="psql")
def open_psql() -> None:
    """psql on the running stack's log database; the statement in SQL, if set, and out."""
    psql.become_psql(LocalSettings.read().nlu_data_dir, sql=variable("SQL"))


@app.command
def doctor() -> int:
    """Looks at all that the running stack's services need; exits with 1 where something lacks."""
    return doctors.examine(LocalSettings.read().nlu_data_dir)


def main() -> None:
    try:
        sys.exit(app(result_action="return_value"))
    except LocalProblem as problem:
        sys.exit(f"deploy.local: {problem}")


if __name__ == "__main__":
    main()
