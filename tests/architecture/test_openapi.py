"""The contract the outside sees, held still: a change of it is a decision, never a side effect."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs import snapshot

DOCUMENTS = snapshot.documents()
REFRESH = "the API changed: if that is meant, run `python -m docs.snapshot` and commit the result"
by_service = pytest.mark.parametrize(
    ("path", "document"), DOCUMENTS.items(), ids=[path.stem for path in DOCUMENTS]
)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


@by_service
def test_the_snapshot_is_what_the_service_says_of_itself(
    path: Path, document: dict[str, Any]
) -> None:
    assert path.read_text(encoding="utf-8") == snapshot.as_text(document), REFRESH


@by_service
def test_every_operation_has_an_id_of_its_own(path: Path, document: dict[str, Any]) -> None:
    """Generated clients name their functions by it."""
    names = Counter(operation["operationId"] for _, _, operation in operations(document))
    assert names
    assert [name for name, count in names.items() if count > 1] == []
    assert all(name.isidentifier() and name.islower() for name in names)


@by_service
def test_every_path_is_versioned_and_every_operation_names_one_scope(
    path: Path, document: dict[str, Any]
) -> None:
    for method, route, operation in operations(document):
        assert route.startswith("/v1/"), route
        assert [list(one) for one in operation["security"]] == [["HTTPBearer"]], (method, route)
        assert len(operation["security"][0]["HTTPBearer"]) == 1, (method, route)
