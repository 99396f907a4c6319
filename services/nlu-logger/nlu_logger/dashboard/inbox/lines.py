"""Lines of a form as the labels of a task. Pure."""

from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.labels import LabelSpec
from pydantic import ValidationError

MOST = 1_000


def read(lines: str) -> tuple[LabelSpec, ...]:
    """`name`, or `name: what it means`. Raises Invalid."""
    specs = []
    for number, line in enumerate(lines.splitlines(), start=1):
        name, _, description = line.partition(": ")
        if not name.strip():
            continue
        try:
            specs.append(LabelSpec(name=name, description=description.strip()))
        except ValidationError:
            detail = f"Line {number} cannot be taken: a label has at most 200 characters."
            raise Invalid(detail, code="no_label") from None
    if not 0 < len(specs) <= MOST:
        raise Invalid(f"A task has 1 to {MOST:,} labels.", code="no_labels")
    return tuple(specs)
