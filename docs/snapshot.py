"""Writes both services' OpenAPI documents beside this file: `python -m docs.snapshot`.

The documents come from the apps as they are built; nothing is connected to.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import induction.app
import nlu_logger.app
from induction.settings import Settings as InductionSettings
from nlu_logger.settings import Settings as LoggerSettings
from pydantic import SecretStr

HERE = Path(__file__).parent
NOWHERE = {
    "database_url": SecretStr("postgresql://nobody@127.0.0.1:1/nowhere"),
    "redis_url": SecretStr("redis://127.0.0.1:1"),
}


@cache
def of_nlu_logger() -> dict[str, Any]:
    return nlu_logger.app.build(LoggerSettings(**NOWHERE)).openapi()


@cache
def of_induction() -> dict[str, Any]:
    return induction.app.build(InductionSettings(**NOWHERE)).openapi()


def documents() -> dict[Path, dict[str, Any]]:
    """Each snapshot's path, and what the service says of itself today."""
    return {
        HERE / "nlu-logger.openapi.json": of_nlu_logger(),
        HERE / "induction.openapi.json": of_induction(),
    }


def as_text(document: dict[str, Any]) -> str:
    """The text of a snapshot: sorted, so that a difference is a difference in meaning."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    for path, document in documents().items():
        path.write_text(as_text(document), encoding="utf-8")
        print(f"wrote {path.name}")


if __name__ == "__main__":
    main()
