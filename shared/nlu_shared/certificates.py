"""The certificates a process trusts, read once and not by each client it opens."""

import os
import ssl
from functools import lru_cache

import httpx2

NAMED_BY = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def trusted() -> ssl.SSLContext:
    """The system's, or those the environment names: for `verify=` of every client. Reading them
    takes some 50 ms, which is more than a short command's own work."""
    return _read(*map(os.environ.get, NAMED_BY))


@lru_cache(maxsize=2)
def _read(*_: str | None) -> ssl.SSLContext:
    return httpx2.create_ssl_context()
