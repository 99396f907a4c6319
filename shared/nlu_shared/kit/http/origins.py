"""What pages of other origins may send and read, where the settings name any. Cookies are not among
it: a page that is not ours comes with a key or a token."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SENT_BY_PAGES = (
    "Authorization",
    "Cache-Control",
    "Content-Type",
    "If-None-Match",
    "Last-Event-ID",
    "Pragma",
    "X-Request-Id",
)
SHOWN_TO_PAGES = ("ETag", "Location", "Retry-After", "RateLimit", "X-Request-Id")


def admit_pages(app: FastAPI, origins: Sequence[str]) -> None:
    """Lets pages of `origins` call; without any, none."""
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=SENT_BY_PAGES,
            expose_headers=SHOWN_TO_PAGES,
        )
