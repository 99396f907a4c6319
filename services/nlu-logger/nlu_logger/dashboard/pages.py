"""Templates to HTML, escaped by default; what the pages may load and run.

Reads the files beside it and nothing else.
"""

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

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
STATIC = {"page.js": "text/javascript", "page.css": "text/css", "icon.svg": "image/svg+xml"}

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(name: str, **shown: Any) -> str:
    return _templates.get_template(name).render(**shown)


def static(name: str) -> bytes:
    """One of the files named in STATIC."""
    return (HERE / "static" / name).read_bytes()


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def decimals(number: float) -> str:
    return f"{number:.3f}"


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


_templates.filters.update(percent=percent, decimals=decimals, pretty=pretty)
