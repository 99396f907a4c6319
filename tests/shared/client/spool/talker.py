"""A backend of its own: logs numbered texts and prints each number once its call has returned.

`python -m tests.shared.client.spool.talker FOLDER URL TASK FIRST COUNT`; "-" for URL: nowhere.
The key is NLU_LOGGER_KEY.
"""

import sys

from nlu_shared.client.spool import BlockingSpool

from tests.shared.client.spool.words import NOWHERE, ended, prediction_of


def main(folder: str, url: str, task: str, first: str, count: str) -> None:
    seconds = 0 if url == "-" else 10
    address = NOWHERE if url == "-" else url
    with BlockingSpool(folder, url=address, closing_seconds=seconds) as spool:
        for number in range(int(first), int(first) + int(count)):
            prediction = prediction_of(task, str(number))
            spool.log(prediction)
            print(number, flush=True)
            if prediction.id and number % 10 == 0:
                spool.outcome(prediction.id, ended(True))


if __name__ == "__main__":
    main(*sys.argv[1:])
