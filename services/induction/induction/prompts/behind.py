"""In what a file with an exported prompt is not what serves. Pure."""

from collections.abc import Iterator

from nlu_shared.rendering import AnswerSpace

from induction.prompts.diff import as_lines, compare
from induction.prompts.reading import ExportOrigin, ReadPrompt

SHORT = 12
"""Characters of a hash by which people call a version."""


def behind(file: ReadPrompt, serving: ReadPrompt) -> list[str]:
    """For a person, a line each; empty where both are the same prompt with the same answers and
    names.

    Scores and dates in the file are no part of that, and equal prompts of two services have other
    ids. `serving` is an export, so it says where it is from.
    """
    differences = [*_differences(file, serving)]
    if not differences or serving.origin is None:
        return differences
    return [f"serving: {_named(serving.origin)}", *_of_file(file), *differences]


def _differences(file: ReadPrompt, serving: ReadPrompt) -> Iterator[str]:
    old, new = file.origin, serving.origin
    if new is not None and new.kind is not None:
        if old is not None and old.labels != new.labels:
            yield from _moved("label", old.labels, new.labels)
        if old is not None and old.spellings != new.spellings:
            yield from _moved("spelling", tuple(old.spellings), tuple(new.spellings))
        if file.content.version_hash != serving.content.version_hash:
            answers = AnswerSpace(new.kind, new.labels, new.spellings)
            yield from as_lines(compare(file.content, serving.content, answers))
        elif old is not None and old.rendered_hash != new.rendered_hash:
            yield "the request that is made of it is another"
        if old is not None and old.form != new.form:
            yield "the request that is made of it is sent in another form"
    if file.constants != serving.constants:
        yield "its constants have other names"


def _of_file(file: ReadPrompt) -> Iterator[str]:
    origin = file.origin
    if origin is None:
        yield "the file: no export"
        return
    edited = origin.version_hash != file.content.version_hash
    yield f"the file: {_named(origin)}{', changed since' if edited else ''}"


def _named(origin: ExportOrigin) -> str:
    return f"version {origin.version_id} ({origin.version_hash[:SHORT]})"


def _moved(what: str, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[str]:
    gone, added = set(before) - set(after), set(after) - set(before)
    yield from (f"- {what} {one}" for one in sorted(gone))
    yield from (f"+ {what} {one}" for one in sorted(added))
    if not gone and not added:
        yield f"the {what}s are read otherwise, or stand in another order"
