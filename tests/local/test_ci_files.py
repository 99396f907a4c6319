"""What a repository copies from `deploy/ci` can be read, and runs nothing that it was given."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

CI = Path(__file__).parents[2] / "deploy/ci"
ACTIONS = ["action.yml", "check/action.yml"]


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_gives_its_inputs_by_the_environment_alone(name: str) -> None:
    """In the text of a script an input would be run."""
    action: dict[str, Any] = yaml.safe_load((CI / name).read_text())
    steps = action["runs"]["steps"]
    assert action["runs"]["using"] == "composite"
    assert not [step for step in steps if "${{" in step["run"]]
    passed = " ".join(str(step.get("env", {})) for step in steps)
    assert not [one for one in action["inputs"] if f"inputs.{one} " not in passed]


def test_the_workflow_names_what_the_actions_need() -> None:
    jobs = yaml.safe_load((CI / "workflow.yml").read_text())["jobs"]
    for job, name in (("propose", ACTIONS[0]), ("check", ACTIONS[1])):
        inputs = yaml.safe_load((CI / name).read_text())["inputs"]
        passed = jobs[job]["steps"][-1]["with"]
        assert {one for one, rest in inputs.items() if rest.get("required")} <= passed.keys()
        assert passed.keys() <= inputs.keys()


def test_the_script_is_a_shell_script_and_may_be_run() -> None:
    script = CI / "propose-prompt.sh"
    assert script.stat().st_mode & 0o111
    subprocess.run(["sh", "-n", script], check=True)
