"""Renders the chart as Helm does, for whoever leaves everything as it is and for whoever gives it
all, and holds it to Kubernetes' own schemas; asks shellcheck of scripts and gixy of nginx's rules.

Runs in an environment of its own: the linters are 350 MB, and nothing else needs them.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/nlu"
PROGRAMS = Path(sys.executable).parent
VERSION = "1.33"
"""Of Kubernetes: the oldest that is still maintained."""
VALUES: dict[str, Any] = {
    "image": {"repository": "registry.example/nlu", "tag": "1"},
    "imagePullSecrets": [{"name": "registry"}],
    "nluLogger": {
        "settings": {"NLU_LOGGER_CORS_ORIGINS": '["https://app.example"]'},
        "volumes": [{"name": "journal", "persistentVolumeClaim": {"claimName": "journal"}}],
        "volumeMounts": [{"name": "journal", "mountPath": "/var/lib/nlu"}],
    },
    "ingress": {
        "enabled": True,
        "annotations": {"cert-manager.io/cluster-issuer": "one"},
        "tls": [{"hosts": ["nlu-logger.example.org"], "secretName": "tls"}],
    },
}


def of_chart(values: dict[str, Any]) -> Iterator[str]:
    """What is wrong with it, a line each."""
    linted = helm_python.lint(CHART, values, strict=True)
    yield from linted["errors"]
    with helm_python.Chart.load(CHART) as chart:
        rendered = chart.render(values, name="nlu")
    for name, text in rendered.items():
        for document in yaml.safe_load_all(text):
            try:
                if document:
                    kubernetes_validate.validate(document, VERSION, strict=True)
            except kubernetes_validate.ValidationError as wrong:
                yield f"{name}: {wrong.message}"


def of_program(name: str, *arguments: Path) -> Iterator[str]:
    done = subprocess.run(  # noqa: S603
        [PROGRAMS / name, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        yield done.stdout + done.stderr


def main() -> None:
    scripts = [*sorted((ROOT / "deploy").rglob("*.sh")), ROOT / ".ci/run"]
    looks = {
        "the chart as it comes": of_chart({}),
        "the chart with all that can be given": of_chart(VALUES),
        "nginx": of_program("gixy", ROOT / "deploy/nginx/nlu.conf"),
        "scripts": of_program("shellcheck", *scripts),
    }
    bad = False
    for what, look in looks.items():
        wrong = list(look)
        bad |= bool(wrong)
        print(f"{what}: {'nothing to say' if not wrong else ''}", *wrong, sep="\n  ")
    sys.exit(bad)


if __name__ == "__main__":
    main()
