"""What the demo is told by its environment: the data, the stack, the model."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from induction.model_settings import ModelSettings
from induction.providers import Providers
from nlu_shared.environment import variable
from nlu_shared.schemas.base import Slug
from pydantic import TypeAdapter, ValidationError

EXAMPLES = Path(__file__).parents[2] / "examples" / "data"
SHIPPED = EXAMPLES / "scheduling.csv"
FAMILIES = EXAMPLES / "families.json"
TOPICS = EXAMPLES / "topics.csv"
SMOLLM2 = "smollm2"
"""The MODEL that is a small real language model on this machine."""
EXTRACTION = "extraction"
"""The TASK that means the shipped families, where no DATA is named."""
_SLUG: TypeAdapter[str] = TypeAdapter(Slug)


class BadOption(Exception):
    """An option that cannot be followed; one line for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the person chose. `limit` None takes all rows, `task` None a slug made of the data;
    columns and format are guessed where they are None. `model` None is the one there is, or the
    offline model."""

    data: Path
    text: str | None
    label: str | None
    format: str | None
    limit: int | None
    out: Path
    task: str | None
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Where everything runs, and who answers and proposes."""

    logger_url: str
    induction_url: str
    key: str
    model: str
    proposer: str
    providers: Providers

    @property
    def is_offline(self) -> bool:
        """Whether the offline model answers."""
        return self.providers.provider(self.model).is_offline


def choice(environ: Mapping[str, str]) -> Choice:
    """Raises BadOption. An empty value is an option not given."""
    limit = variable("LIMIT", environ)
    if limit and not (limit.isascii() and limit.isdigit() and int(limit) > 0):
        raise BadOption(f"LIMIT={limit} is no whole number above 0")
    task = variable("TASK", environ)
    if task:
        try:
            _SLUG.validate_python(task)
        except ValidationError:
            raise BadOption(
                f"TASK={task} is no slug: up to 63 of a-z, 0-9, - and _, a letter or digit first"
            ) from None
    model = variable("MODEL", environ)
    if model not in (None, SMOLLM2):
        raise BadOption(f"MODEL={model} is unknown: leave it out, or MODEL={SMOLLM2}")
    if model == SMOLLM2 and task == EXTRACTION:
        raise BadOption("extraction is beyond the small language model: leave TASK out")
    shipped = {EXTRACTION: FAMILIES}.get(task or "", SHIPPED if model is None else TOPICS)
    return Choice(
        data=Path(variable("DATA", environ) or shipped),
        text=variable("TEXT", environ),
        label=variable("LABEL", environ),
        format=variable("FROM", environ),
        limit=int(limit) if limit else None,
        out=Path(variable("OUT", environ) or "demo-output"),
        task=task,
        model=model,
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
        for name in ("NLU_LOGGER_URL", "INDUCTION_URL", "NLU_ADMIN_KEY")
        if not variable(name, environ)
    ]
    if missing:
        raise BadOption(f"not set: {', '.join(missing)}; `make demo` starts a stack and sets them")
    try:
        models = ModelSettings()
    except ValidationError as refused:
        raise BadOption(f"{refused.errors()[0]['loc'][0]}: {refused.errors()[0]['msg']}") from None
    return Stack(
        logger_url=environ["NLU_LOGGER_URL"],
        induction_url=environ["INDUCTION_URL"],
        key=environ["NLU_ADMIN_KEY"],
        model=models.task_model,
        proposer=models.proposer_model,
        providers=models.models_of,
    )
