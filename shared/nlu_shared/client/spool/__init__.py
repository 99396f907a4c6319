"""A log that outlives the network and the process: facts are on disk before a call returns.

`table` is the table of one file, `store` what is done to it, `files` says whose it is, `committer`
and `sender` are its two threads, `policy` what an answer means, `spool` what a backend calls.
"""

from nlu_shared.client.spool.core import Health
from nlu_shared.client.spool.sender import Reconciled
from nlu_shared.client.spool.spool import BlockingSpool, Spool
from nlu_shared.client.spool.table import DeadLetter

__all__ = ["BlockingSpool", "DeadLetter", "Health", "Reconciled", "Spool"]
