"""What the demo is told by its environment: the data, the stack, the model."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nlu_shared.environment import given
from nlu_shared.schemas.base import Slug
from pydantic import TypeAdapter, ValidationError

EXAMPLES = Path(__file__).parents[2] / "examples" / "data"
SHIPPED = EXAMPLES / "scheduling.csv"
FAMILIES = EXAMPLES / "families.json"
EXTRACTION = "extraction"
"""The TASK that means the shipped families, where no DATA is named."""
_SLUG: TypeAdapter[str] = TypeAdapter(Slug)


class BadOption(Exception):
    """An option that cannot be followed; one line for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the person chose. `limit` None takes all rows, `task` None a slug made of the data;
    columns and format are guessed where they are None."""

    data: Path
    text: str | None
    label: str | None
    format: str | None
    limit: int | None
    out: Path
    task: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Where everything runs. With `is_offline` the offline model answers at `model_url`."""

    logger_url: str
    induction_url: str
    key: str
    model: str
    model_url: str | None
    model_key: str
    is_offline: bool


def choice(environ: Mapping[str, str]) -> Choice:
    """Raises BadOption. An empty value is an option not given."""
    limit = given("LIMIT", environ)
    if limit and not (limit.isascii() and limit.isdigit() and int(limit) > 0):
        raise BadOption(f"LIMIT={limit} is no whole number above 0")
    task = given("TASK", environ)
    if task:
        try:
            _SLUG.validate_python(task)
        except ValidationError:
            raise BadOption(
                f"TASK={task} is no slug: up to 63 of a-z, 0-9, - and _, a letter or digit first"
            ) from None
    return Choice(
        data=Path(given("DATA", environ) or (FAMILIES if task == EXTRACTION else SHIPPED)),
        text=given("TEXT", environ),
        label=given("LABEL", environ),
        format=given("FROM", environ),
        limit=int(limit) if limit else None,
        out=Path(given("OUT", environ) or "demo-output"),
        task=task,
    )


def make_writable(out: Path) -> None:
    """Raises BadOption where nothing can be written, before an hour's work depends on it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadOption(f"OUT={out} cannot be made: {error.strerror}") from None
    if not os.access(out, os.W_OK):
        raise BadOption(f"OUT={out} is not writable")


def stack(environ: Mapping[str, str]) -> Stack:
    """Raises BadOption where the running stack is not named."""
    missing = [
        name
        for name in ("NLU_LOGGER_URL", "INDUCTION_URL", "NLU_ADMIN_KEY", "ANTHROPIC_API_KEY")
        if not given(name, environ)
    ]
    if missing:
        raise BadOption(f"not set: {', '.join(missing)}; `make demo` starts a stack and sets them")
    return Stack(
        logger_url=environ["NLU_LOGGER_URL"],
        induction_url=environ["INDUCTION_URL"],
        key=environ["NLU_ADMIN_KEY"],
        model=given("INDUCTION_TASK_MODEL", environ) or "claude-haiku-5-5",
        model_url=given("ANTHROPIC_BASE_URL", environ),
        model_key=environ["ANTHROPIC_API_KEY"],
        is_offline=given("INDUCTION_PROVIDER", environ) == "offline",
    )
