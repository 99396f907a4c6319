"""`python -m nlu_shared.client.spool FOLDER list|dead|resend|discard [ID …]`.

Looks into every file of the folder, those of living processes too; they send again within
seconds what is told to wait again here. What nobody holds, the next process sends.
"""

import argparse
from pathlib import Path
from uuid import UUID

from nlu_shared.client.spool import files
from nlu_shared.client.spool.store import Store
from nlu_shared.client.spool.table import connect

VERBS = ("list", "dead", "resend", "discard")
SHOWN = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="nlu_shared.client.spool", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("ids", nargs="*", type=UUID, help="dead letters; without any: all")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        parser.error(f"{arguments.folder} is no folder")
    for path in sorted(arguments.folder.glob(f"*{files.SUFFIX}")):
        connection = connect(path)
        connection.execute("BEGIN IMMEDIATE")
        _do(
            arguments.verb,
            arguments.ids or None,
            Store(connection, most=0, on_full="block"),
            path.name,
        )
        connection.execute("COMMIT")
        connection.close()


def _do(verb: str, ids: list[UUID] | None, store: Store, name: str) -> None:
    if verb == "list":
        counts = (f"{state}={count}" for state, count in store.states().items())
        print(name, *counts, sep="\t")
    elif verb == "dead":
        for one in store.dead(SHOWN):
            print(one.at.isoformat(), one.kind, one.log_id, one.code, sep="\t")
    elif verb == "resend":
        print(name, store.resend(ids), sep="\t")
    else:
        print(name, store.discard(ids), sep="\t")


if __name__ == "__main__":
    main()
