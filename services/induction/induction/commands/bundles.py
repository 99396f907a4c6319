"""`induction prompts bundle`, `import-bundle` and `bundle-key`: versions between instances."""

import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter
from nlu_shared.schemas.bundles import BundleTaken

from induction.bundles.signing import fingerprint, new_key
from induction.commands.remote import HERE, Key, Output, Task, Url, answer, client, write


def bundle(
    *,
    task: Task,
    version: Annotated[list[UUID] | None, Parameter(negative_iterable=())] = None,
    lineage: bool = True,
    examples: Annotated[bool, Parameter(negative=())] = False,
    output: Output = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Writes versions for another instance, signed, to a file or standard output.

    Parameters
    ----------
    version
        A version; repeatable. Without it the one that serves.
    lineage
        With the versions they were made from.
    examples
        With the texts of cases that they show; without it they travel without examples.
    """
    params: dict[str, str | list[str]] = {
        "version": [str(one) for one in version or []],
        "lineage": str(lineage).lower(),
        "examples": str(examples).lower(),
    }
    with client(url, key) as http:
        content = answer(http.get(f"/v1/prompts/{task}/bundle", params=params)).content
    write(content, output)


def import_bundle(
    file: Path, /, *, task: str | None = None, url: Url = HERE, key: Key = ""
) -> None:
    """Brings a bundle in, and prints for each version its id here and whether it is new.

    Signature and hashes are checked there; nothing in it is run.

    Parameters
    ----------
    file
        A bundle, as it was written.
    task
        The task they become versions of; without it the one the bundle names.
    """
    try:
        content = file.read_bytes()
    except OSError as away:
        sys.exit(f"induction: {file}: {away.strerror}")
    params = {} if task is None else {"task": task}
    headers = {"content-type": "application/json"}
    with client(url, key) as http:
        response = http.post("/v1/bundles", params=params, content=content, headers=headers)
    for one in BundleTaken.model_validate_json(answer(response).content).versions:
        print(one.id, "new" if one.is_new else "known", sep="\t")


def bundle_key() -> None:
    """Makes a key to sign bundles with, and prints the line for the settings; nothing is stored.

    Whoever is to take the bundles puts the public key, which is printed to standard error, into
    INDUCTION_BUNDLE_SIGNERS; several are parted by commas.
    """
    private, public = new_key()
    print(f"INDUCTION_BUNDLE_KEY={private}")
    print(
        f"induction: whoever is to take its bundles sets INDUCTION_BUNDLE_SIGNERS={public}"
        f" (fingerprint {fingerprint(public)}; several keys are parted by commas)",
        file=sys.stderr,
    )
