"""Each process is told what it needs and nothing that belongs to another."""

import pytest

from deploy.local import environments
from deploy.local.environments import Secrets, World

SECRETS = Secrets(admin_key="nlk_a", induction_key="nlk_i", jwt="j", owner="o w", app="ap")
WORLD = World(
    admin_database="postgresql://root:secret@db.example:6432/postgres?sslmode=require",
    redis="redis://r",
    nlu_logger="http://127.0.0.1:1",
    induction="http://i",
    models={"ANTHROPIC_API_KEY": "sk"},
)


def test_a_login_keeps_the_server_and_its_options() -> None:
    assert (
        environments.database_url(
            WORLD.admin_database, service="induction", role="owner", password="o w"
        )
        == "postgresql://induction_owner:o%20w@db.example:6432/induction?sslmode=require"
    )


def test_a_serving_process_knows_neither_administrator_nor_owner_nor_bootstrap_key() -> None:
    inherited = {"DATABASE_URL": WORLD.admin_database, "ANTHROPIC_API_KEY": "sk", "HOME": "/h"}
    environment = environments.nlu_logger(inherited, WORLD, SECRETS)
    assert environment["HOME"] == "/h"
    for hidden in ("secret", "o%20w", "nlk_a", "sk"):
        assert not [
            name for name, value in environment.items() if hidden == value or f":{hidden}@" in value
        ]


def test_keys_of_models_stay_with_the_service_that_asks_models() -> None:
    inherited = {"OPENAI_API_KEY": "sk-2", "INDUCTION_PROVIDERS": '{"a": {"api_key": "sk-3"}}'}
    assert not inherited.keys() & environments.nlu_logger(inherited, WORLD, SECRETS).keys()
    assert inherited.items() <= environments.induction(inherited, WORLD, SECRETS).items()


NAMED = {"INDUCTION_PROVIDERS": '{"office": {"api": "chat-completions"}}'}
BASE = {"ANTHROPIC_BASE_URL": "http://a:1"}


@pytest.mark.parametrize(
    ("inherited", "is_named", "answers"),
    [
        ({}, False, "the offline model, since no other is named"),
        ({"INDUCTION_PROVIDER": "offline", **BASE}, False, "the offline model"),
        (BASE, True, "anthropic/claude-haiku-5-5 at http://a:1"),
        ({"INDUCTION_PROVIDER": "openai", "INDUCTION_TASK_MODEL": "m"}, True, "openai/m"),
        (
            {"INDUCTION_PROVIDER": "office", "INDUCTION_TASK_MODEL": "meta-llama/m", **NAMED},
            True,
            "office/meta-llama/m",
        ),
        ({"INDUCTION_TASK_MODEL": "office/m", **NAMED}, False, "office/m"),
    ],
)
def test_who_is_named_answers_and_the_line_of_the_start_says_so(
    inherited: dict[str, str], is_named: bool, answers: str
) -> None:
    """The offline model is started only where nothing names another default."""
    named = environments.models(inherited, None)
    assert (named is not None) is is_named
    chosen = environments.offline("http://o") if named is None else named
    assert environments.answering(inherited, chosen).startswith(answers)


def test_only_the_migration_is_told_who_may_change_the_schema() -> None:
    environment = environments.induction({}, WORLD, SECRETS)
    migrating = environments.migration("induction", environment, WORLD, SECRETS)
    assert set(migrating) - set(environment) == {
        "INDUCTION_ADMIN_DATABASE_URL",
        "INDUCTION_OWNER_DATABASE_URL",
        "INDUCTION_BOOTSTRAP_KEY",
    }


def test_what_a_person_set_for_a_service_reaches_it() -> None:
    environment = environments.induction(
        {"INDUCTION_TASK_MODEL": "m", "NO_PROXY": "x"}, WORLD, SECRETS
    )
    assert environment["INDUCTION_TASK_MODEL"] == "m"
    assert environment["NO_PROXY"] == "x,127.0.0.1,localhost"
