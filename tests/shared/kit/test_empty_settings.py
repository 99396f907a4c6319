"""What is empty or blank is not set: one rule for everything that any program of ours reads."""

import os

import pytest
from induction.settings import Migration as InductionMigration
from induction.settings import Settings as InductionSettings
from nlu_logger.settings import Migration as LoggerMigration
from nlu_logger.settings import Settings as LoggerSettings
from nlu_shared.environment import variable
from nlu_shared.kit.access.keys import new_key
from nlu_shared.kit.environment import EnvironmentSettings
from offline_model.settings import OfflineSettings
from pydantic import AliasChoices, ValidationError

from deploy.local.settings import LocalSettings
from tests.fixtures.commands import typed
from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.nlu_logger.world import connected, opened

BLANKS = ["", " ", "\t \n"]
ALL: list[type[EnvironmentSettings]] = [
    LoggerSettings,
    LoggerMigration,
    InductionSettings,
    InductionMigration,
    OfflineSettings,
    LocalSettings,
]


def names(settings: type[EnvironmentSettings]) -> list[str]:
    prefix = settings.model_config["env_prefix"]
    return [
        str(field.validation_alias.choices[0])
        if isinstance(field.validation_alias, AliasChoices)
        else (prefix + name).upper()
        for name, field in settings.model_fields.items()
    ]


def read(settings: type[EnvironmentSettings], variables: dict[str, str]) -> object:
    """What a program reads whose environment holds these and none of its names otherwise."""
    with pytest.MonkeyPatch.context() as environment:
        for name in names(settings):
            environment.delenv(name, raising=False)
        for name, value in variables.items():
            environment.setenv(name, value)
        try:
            return settings().model_dump(mode="json")
        except ValidationError as missing:
            return sorted(str(one["loc"][0]) + one["type"] for one in missing.errors())


@pytest.mark.parametrize("settings", ALL, ids=lambda one: f"{one.__module__}.{one.__name__}")
def test_settings_left_blank_are_settings_not_given(settings: type[EnvironmentSettings]) -> None:
    unset = read(settings, {})
    for blank in BLANKS:
        assert read(settings, dict.fromkeys(names(settings), blank)) == unset


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_variable_says_nothing_to_client_and_commands(blank: str) -> None:
    assert variable("X", {"X": blank}) is None
    assert variable("X", {}) is None
    assert variable("X", {"X": " a "}) == " a "


@pytest.mark.parametrize("key", ["", "nlk_", "x" * 40, "nlk_short", "nlk_ " + "x" * 40])
def test_a_key_that_can_be_guessed_is_never_stored(key: str) -> None:
    values = {"database_url": "postgresql://x", "owner_database_url": "postgresql://x"}
    for field in ("bootstrap_key", "induction_key"):
        if not key:
            made = LoggerMigration.model_validate(values | {field: key})
            assert getattr(made, field) is None
        else:
            with pytest.raises(ValidationError, match=field):
                LoggerMigration.model_validate(values | {field: key})
        good = LoggerMigration.model_validate(values | {field: new_key()})
        assert getattr(good, field) is not None


@pytest.mark.law
async def test_an_empty_bootstrap_key_makes_no_key(databases: Databases, servers: Servers) -> None:
    async with opened(databases, servers) as world:
        migrated = await typed(
            "nlu-logger",
            "migrate",
            env=os.environ
            | {
                "NLU_LOGGER_DATABASE_URL": world.database.app_url,
                "NLU_LOGGER_OWNER_DATABASE_URL": world.database.owner_url,
                "NLU_LOGGER_BOOTSTRAP_KEY": "",
                "NLU_LOGGER_INDUCTION_KEY": " ",
                "NLU_LOGGER_ADMIN_DATABASE_URL": "",
            },
        )
        assert migrated.code == 0
        async with connected(world.database.owner_url) as owner:
            assert await owner.fetchval("SELECT count(*) FROM api_keys") == 1
