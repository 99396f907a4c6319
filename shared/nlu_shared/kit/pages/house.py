"""Templates to HTML, escaped by default; what the pages of a service may load and run.

Reads the files beside it and in the service's own folder, and nothing else.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.pages.unseen import visible

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Link:
    """A page that every page leads to: its path, its title, and the scope its readers need."""

    path: str
    title: str
    scope: str


class House:
    """The pages of one service.

    name: of the service, as people read it.
    folder: with its `templates/` and `static/`; what is not there is taken from beside this file.
    links: in the head of every page, the first one where a login leads.
    filters: of its templates, beside `percent`, `decimals`, `pretty` and `visible`.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        links: Sequence[Link],
        *,
        filters: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self.name, self.links = name, links
        self.cookie = f"{name.replace('-', '_')}_login"
        folders = (folder, HERE)
        self._files = {
            file.name: file for one in reversed(folders) for file in (one / "static").glob("*.*")
        }
        self._templates = Environment(
            loader=FileSystemLoader([one / "templates" for one in folders]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(house=self)
        self._templates.filters.update(
            percent=percent,
            decimals=decimals,
            pretty=pretty,
            visible=visible,
            **(filters or {}),
        )

    def page(
        self, template: str, login: Login | None, *, status: int = 200, **shown: Any
    ) -> HTMLResponse:
        """A whole page for who has logged in, or for nobody yet."""
        body = self._templates.get_template(template).render(login=login, **shown)
        return HTMLResponse(body, status_code=status, headers=HEADERS)

    def first(self, login: Login) -> str:
        """Where a login leads: the first page that its key may read."""
        paths = (link.path for link in self.links if login.caller.has(link.scope))
        return next(paths, self.links[0].path)

    def file(self, name: str) -> tuple[bytes, str] | None:
        """A static file and its media type; None where there is none of that name."""
        file = self._files.get(name)
        return None if file is None else (file.read_bytes(), MEDIA_TYPES[file.suffix])


def file(name: str, table: str) -> Response:
    """A table as CSV, to be saved as `name`."""
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(table, media_type="text/csv; charset=utf-8", headers=headers)


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def decimals(number: float) -> str:
    return f"{number:.3f}"


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
