"""`induction models`: which models are in use, who answers, what they cost, when they end."""

from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter
from nlu_shared.schemas.models import ModelsView, ModelView
from rich.table import Table

from induction.commands.remote import HERE, Key, Url, answer, client
from induction.watching.screen import console_for

AsJson = Annotated[bool, Parameter(name="--json", negative=())]


def models(*, as_json: AsJson = False, url: Url = HERE, key: Key = "") -> None:
    """Prints the models in use with their prices and ends, and whether their providers answer.

    Parameters
    ----------
    as_json
        Print the service's answer as it is.
    """
    with client(url, key) as http:
        response = answer(http.get("/v1/models"))
    if as_json:
        print(response.text)
        return
    seen = ModelsView.model_validate_json(response.content)
    console = console_for()
    reached = {one.name: one.reachable.value.replace("_", " ") for one in seen.providers}
    table = Table("model", "provider", "$ in / out per MTok", "retires", "used by", box=None)
    for one in seen.models:
        table.add_row(
            one.model,
            reached.get(one.provider, "not configured"),
            _price(one),
            "" if one.retires is None else f"{one.retires} ({one.retires_in_days} days)",
            "\n".join(one.used_by),
        )
    console.print(table)
    for line in _warnings(seen):
        console.print(line)


def _price(one: ModelView) -> str:
    if one.price is None:
        return "unknown" if one.is_billed else "unknown, needs none"
    return f"{one.price.input} / {one.price.output} ({one.price.source.value})"


def _warnings(seen: ModelsView) -> Iterator[str]:
    for one in seen.models:
        if one.warning is not None:
            yield f"warning: {one.warning}"
