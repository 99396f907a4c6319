"""The commands that bring back the review file and history: any size, sent in small parts.

What was sent before an interruption stays; the same file sent again adds nothing to it.
"""

import sys
from collections import Counter
from pathlib import Path

from nlu_shared.files.reading import read
from nlu_shared.schemas.predictions import INTENT

from nlu_logger.commands.remote import HERE, Key, Url, client
from nlu_logger.commands.sending import sent, tell
from nlu_logger.imports.results import ERASED, SKIPPED


def import_corrections(
    file: Path,
    *,
    approve: bool = False,
    allow_new: bool = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Brings in the filled review file, in any form in which it was exported or saved.

    Parameters
    ----------
    file
        The review file as it was exported, with `corrected_intent` filled in.
    approve
        Make ground truth of it at once; the key must be allowed to decide.
    allow_new
        Add labels that the task's set lacks to the set.
    """
    params: dict[str, str | bool] = {"approve": approve, "allow_new": allow_new}
    _end(_bring(file, "/v1/corrections:import", params, url, key))


def import_logs(
    file: Path,
    *,
    task: str = INTENT,
    approve: bool = False,
    allow_new: bool = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Brings in rows of the original nlu_prompt_logs, however old (an administrator's key).

    Parameters
    ----------
    file
        A table or JSON; who was erased stays away.
    task
        Whose predictions they are.
    approve
        Make ground truth of their corrections at once; otherwise they are proposed.
    allow_new
        Add labels that the task's set lacks to the set.
    """
    params: dict[str, str | bool] = {"task": task, "approve": approve, "allow_new": allow_new}
    counts = _bring(file, "/v1/predictions:import", params, url, key)
    if past := counts["past_retention"]:
        print(
            f"{past} are older than the retention: it will drop them soon, and keep without"
            " names what training may keep, of corrected ones those that are approved by then"
        )
    _end(counts)


def _bring(
    file: Path, path: str, params: dict[str, str | bool], url: str, key: str
) -> Counter[str]:
    """Sends the file, prints the lines that were refused, and counts what became of the others."""
    counts: Counter[str] = Counter()
    with file.open("rb") as opened, client(url, key) as http:
        for line, result in sent(http, path, params, read(opened), counts):
            if result.code not in (None, SKIPPED, ERASED):
                tell(line, result)
    return counts


def _end(counts: Counter[str]) -> None:
    erased = f"{counts['erased']} erased, " if counts["erased"] else ""
    print(
        f"{counts['created']} new, {counts['repeated']} there already,"
        f" {counts['skipped']} skipped, {erased}{counts['refused']} refused"
    )
    if counts["refused"]:
        sys.exit(1)
