"""What both services are told by their environment. Each service adds its own values."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, Field, IPvAnyNetwork, SecretStr

from nlu_shared.kit.environment import EnvironmentSettings
from nlu_shared.schemas.keys import KEY_PREFIX

_ADDRESS = re.compile(r"https?://[A-Za-z0-9\[][^\s\"'<>?#@]*")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")


def _exact(origin: str) -> str:
    if not _ORIGIN.fullmatch(origin):
        raise ValueError("must be scheme://host[:port] in lower case, without a path or *")
    return origin


Origin = Annotated[str, AfterValidator(_exact)]
"""Of a page, as a browser sends it."""


def _web(url: str) -> str:
    if not _ADDRESS.fullmatch(url):
        raise ValueError("must begin with http:// or https:// and name a host, without ? or #")
    return url.rstrip("/")


def _database(url: SecretStr) -> SecretStr:
    if not _is_address(url, {"postgresql", "postgres", "postgresql+asyncpg"}):
        raise ValueError(
            "must be postgresql://user:password@host:port/database, with %40 for an @ in the"
            " password, and so on"
        )
    return url


def _redis(url: SecretStr) -> SecretStr:
    if not _is_address(url, {"redis", "rediss", "unix"}):
        raise ValueError("must be redis://user:password@host:port, rediss:// or unix://")
    return url


def _is_address(url: SecretStr, schemes: Collection[str]) -> bool:
    """As the drivers read it."""
    try:
        parts = urlsplit(url.get_secret_value())
        return parts.scheme in schemes and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


DatabaseUrl = Annotated[SecretStr, AfterValidator(_database)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis)]


class ServiceSettings(EnvironmentSettings):
    """Every value has its unit and its reason; `.env.example` lists them all."""

    database_url: DatabaseUrl = Field(description="PostgreSQL URL of the app login")
    redis_url: RedisUrl = Field(description="Redis URL; Redis only wakes, it keeps nothing")
    pool_size: int = Field(default=10, ge=1, description="database connections per process")
    key_cache_seconds: float = Field(
        default=5.0, ge=0, description="seconds a looked-up API key is trusted; bounds revocation"
    )
    reads_per_minute: int = Field(
        default=60_000, ge=0, description="GETs of one caller that one process answers; 0: any"
    )
    writes_per_minute: int = Field(
        default=600_000, ge=0, description="other requests of one caller, a batch is one; 0: any"
    )
    anonymous_per_minute: int = Field(
        default=600,
        ge=0,
        description="failed attempts of one address before unknown keys are not looked up, and"
        " answers to the anonymous there before each waits half a second; 0: any",
    )
    max_body_bytes: int = Field(
        default=8 * 1024 * 1024, description="bytes; a batch of 1,000 ordinary predictions is 1 MB"
    )
    body_seconds: float = Field(
        default=30.0, gt=0, description="seconds the body of a request may take to arrive"
    )
    bodies_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=1024 * 1024,
        description="bytes of bodies held at once beyond the first 64 KB of each; half of them"
        " for one address",
    )
    trusted_proxies: list[IPvAnyNetwork] = Field(
        default=[],
        description="addresses or networks of proxies whose X-Forwarded-For and"
        " X-Forwarded-Proto are believed",
    )
    cors_origins: list[Origin] = Field(
        default=[],
        description="origins whose pages may call this API from a browser, exact; none by default",
    )
    public_url: Annotated[str, AfterValidator(_web)] | None = Field(
        default=None,
        description="where people reach this service with a browser; notices link there",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="smtp://user:password@host:port (STARTTLS) or smtps://…; none: no e-mail",
    )
    mail_dir: Path | None = Field(
        default=None,
        description="folder where mails are laid down as files while no mail server is set",
    )
    log_json: bool = Field(default=False, description="one JSON object per log line")

    @property
    def database(self) -> str:
        return self.database_url.get_secret_value()

    @property
    def redis(self) -> str:
        return self.redis_url.get_secret_value()


_MADE = re.compile(rf"{KEY_PREFIX}[A-Za-z0-9_-]{{32,}}")


def _hard_to_guess(key: SecretStr) -> SecretStr:
    if not _MADE.fullmatch(key.get_secret_value()):
        raise ValueError(f"must be {KEY_PREFIX} and at least 32 letters, digits, - or _")
    return key


Key = Annotated[SecretStr, AfterValidator(_hard_to_guess)]
"""A key made elsewhere, as `keys create` would make it: nobody can guess it."""


class MigrationSettings(EnvironmentSettings):
    """What `migrate` is told: the owner's login and, on a new server, an administrator's."""

    database_url: DatabaseUrl
    owner_database_url: DatabaseUrl
    admin_database_url: DatabaseUrl | None = None
    bootstrap_key: Key | None = None


def secret(value: SecretStr | None) -> str | None:
    """The text of an optional secret."""
    return value.get_secret_value() if value is not None else None


def asyncpg_url(url: str) -> str:
    """The URL as asyncpg reads it: scheme `postgresql`, no driver suffix."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme="postgresql"))


def sqlalchemy_url(url: str) -> str:
    """The URL as SQLAlchemy reads it; a bare `postgresql://` would mean another driver."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme="postgresql+asyncpg"))
