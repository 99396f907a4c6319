"""Which process is told what: pure functions from addresses and secrets to environments.

An API and a worker get the app's login and no more; owner and administrator reach `migrate` only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from nlu_shared.environment import variable
from pydantic import SecretStr

from deploy.smollm2 import server

Environment = dict[str, str]
OFFLINE_PROPOSER = "offline/claude-sonnet-5-5"
"""What the small language model cannot do: as a proposer it rambles."""
_OF_MODELS = {"OPENAI_API_KEY", "OPENAI_BASE_URL", "INDUCTION_PROVIDERS"}
"""What only induction needs: keys are in it."""
_BUILT_IN = {"anthropic", "openai", "offline"}
_OURS = {"DATABASE_URL", "REDIS_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"}


@dataclass(frozen=True)
class Secrets:
    admin_key: str
    induction_key: str
    """induction's key at nlu-logger, which migrates it in with the scopes it needs."""
    jwt: str
    owner: str
    app: str


@dataclass(frozen=True)
class World:
    """Everything the services reach."""

    admin_database: str
    redis: str
    nlu_logger: str
    induction: str
    models: Environment


def database_url(admin: str, *, service: str, role: str, password: str) -> str:
    """The service's database on the administrator's server, as `{service}_{role}`."""
    parts = urlsplit(admin)
    address = parts.netloc.rpartition("@")[2]
    user = f"{service}_{role}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{user}@{address}", path=f"/{service}"))


def nlu_logger(inherited: Mapping[str, str], world: World, secrets: Secrets) -> Environment:
    own = {name: value for name, value in inherited.items() if name not in _OF_MODELS}
    return _service(own, "nlu_logger", world, secrets) | {
        "NLU_LOGGER_JWT_SECRET": variable("NLU_LOGGER_JWT_SECRET", inherited) or secrets.jwt,
        "NLU_LOGGER_INDUCTION_URL": variable("NLU_LOGGER_INDUCTION_URL", inherited)
        or world.induction,
    }


def induction(inherited: Mapping[str, str], world: World, secrets: Secrets) -> Environment:
    return _service(inherited, "induction", world, secrets) | {
        "INDUCTION_NLU_LOGGER_URL": world.nlu_logger,
        "INDUCTION_NLU_LOGGER_KEY": secrets.induction_key,
        **world.models,
    }


def of_notices(service: str, url: str, data: Path) -> Environment:
    """Mails are files in a folder until a mail server is set, and link to this machine."""
    prefix = service.upper()
    return {f"{prefix}_PUBLIC_URL": url, f"{prefix}_MAIL_DIR": str(data / "mails")}


def offline(url: str) -> Environment:
    """The offline model, served at `url`."""
    return {
        "INDUCTION_PROVIDER": "offline",
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "offline",
    }


def smollm2(url: str) -> Environment:
    """The small language model at `url` answers; the offline model, in the process that asks it,
    proposes."""
    provider = {
        "api": "chat-completions",
        "base_url": url,
        "identity": server.NAME,
        "timeout_seconds": 300,
        "concurrency": server.SLOTS,
        "billed": False,
    }
    return {
        "INDUCTION_PROVIDER": "offline",
        "INDUCTION_PROVIDERS": json.dumps({server.NAME: provider}),
        "INDUCTION_TASK_MODEL": f"{server.NAME}/{server.MODEL}",
        "INDUCTION_PROPOSER_MODEL": OFFLINE_PROPOSER,
    }


def models(inherited: Mapping[str, str], key: SecretStr | None) -> Environment | None:
    """The provider that the person's environment names, with the Anthropic key as it was read;
    None where it names none, and the offline model is to answer."""
    provider = variable("INDUCTION_PROVIDER", inherited)
    base = variable("ANTHROPIC_BASE_URL", inherited)
    if provider == "offline" or (provider is None and key is None and base is None):
        return None
    return {
        **({} if key is None else {"ANTHROPIC_API_KEY": key.get_secret_value()}),
        **({} if base is None else {"ANTHROPIC_BASE_URL": base}),
    }


def answering(inherited: Mapping[str, str], models: Environment) -> str:
    """Who answers, for people."""
    whole = {**inherited, **models}
    provider = variable("INDUCTION_PROVIDER", whole) or "anthropic"
    model = variable("INDUCTION_TASK_MODEL", whole) or "claude-haiku-5-5"
    if model.partition("/")[0] in {*_BUILT_IN, *_described(whole)} and "/" in model:
        return model
    if provider == "offline":
        return "the offline model, since no other is named"
    base = variable("ANTHROPIC_BASE_URL", whole) if provider == "anthropic" else None
    return f"{provider}/{model}{f' at {base}' if base else ''}"


def _described(environment: Environment) -> set[str]:
    """The names in INDUCTION_PROVIDERS; what cannot be read there is refused by induction."""
    try:
        described = json.loads(variable("INDUCTION_PROVIDERS", environment) or "{}")
    except ValueError:
        return set()
    return set(described) if isinstance(described, dict) else set()


def migration(
    service: str, environment: Environment, world: World, secrets: Secrets
) -> Environment:
    """What the service is told, and the logins that may change its database's shape."""
    prefix = service.upper()
    more = {
        f"{prefix}_ADMIN_DATABASE_URL": world.admin_database,
        f"{prefix}_OWNER_DATABASE_URL": database_url(
            world.admin_database, service=service, role="owner", password=secrets.owner
        ),
        f"{prefix}_BOOTSTRAP_KEY": secrets.admin_key,
    }
    if service == "nlu_logger":
        more["NLU_LOGGER_INDUCTION_KEY"] = secrets.induction_key
    return environment | more


def direct(inherited: Mapping[str, str]) -> Environment:
    """No proxy between processes of one machine."""
    spared = ",".join(filter(None, [variable("NO_PROXY", inherited), "127.0.0.1", "localhost"]))
    return {"NO_PROXY": spared, "no_proxy": spared}


def _service(
    inherited: Mapping[str, str], service: str, world: World, secrets: Secrets
) -> Environment:
    """Whatever the person set, except what belongs to the supervisor or to another process."""
    kept = {name: value for name, value in inherited.items() if name not in _OURS}
    prefix = service.upper()
    return kept | {
        f"{prefix}_DATABASE_URL": database_url(
            world.admin_database, service=service, role="app", password=secrets.app
        ),
        f"{prefix}_REDIS_URL": world.redis,
        "PYTHONUNBUFFERED": "1",
        **direct(inherited),
    }
