"""A setting that cannot be used is told on one line: its name and the form it should have."""

import os

import pytest
from induction.settings import Settings
from nlu_shared.kit.environment import from_environment
from pydantic import SecretStr

from tests.fixtures.commands import typed

SECRET = "pin4711"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"CORS_ORIGINS": '["http://a"'}, 'or JSON, as in ["first"'),
        ({"CORS_ORIGINS": f"http://a,http://{SECRET}/"}, "must be scheme://host[:port]"),
        ({"CORS_ORIGINS": f'["http://{SECRET}/"]'}, "must be scheme://host[:port]"),
        ({"POOL_SIZE": SECRET}, "a whole number, at least 1 is expected"),
        ({"BODY_SECONDS": "0"}, "a number, above 0 is expected"),
        ({"LOG_JSON": SECRET}, "true or false is expected"),
        ({"TRUSTED_PROXIES": f'["{SECRET}"]'}, "not a valid IPv4 or IPv6 network"),
        ({"DATABASE_URL": f"mysql://x:{SECRET}@x/x"}, "must be postgresql://user:password@"),
        ({"DATABASE_URL": f"postgresql://x:{SECRET}#@x/x"}, "with %40 for an @ in the password"),
        ({"DATABASE_URL": SECRET}, "must be postgresql://"),
        ({"REDIS_URL": f"redis://x:{SECRET}/@x:6379"}, "must be redis://"),
    ],
)
@pytest.mark.parametrize("program", ["nlu-logger", "induction"])
async def test_a_setting_that_cannot_be_used_is_one_line(
    program: str, settings: dict[str, str], words: str
) -> None:
    prefix = program.upper().replace("-", "_")
    variables = {f"{prefix}_{name}": value for name, value in settings.items()}
    urls = {f"{prefix}_DATABASE_URL": "postgresql://x", f"{prefix}_REDIS_URL": "redis://x"}
    needed = {"INDUCTION_NLU_LOGGER_URL": "http://x", "INDUCTION_NLU_LOGGER_KEY": "nlk_x"}
    ended = await typed(program, "serve", env=os.environ | urls | needed | variables)
    (line,) = ended.complained.splitlines()
    (name,) = variables
    assert ended.code == 1
    assert line.startswith(f"{program}: {name}: ")
    assert words in line
    assert SECRET not in line


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("http://a", ["http://a"]),
        ("http://a, https://b:1", ["http://a", "https://b:1"]),
        ('["http://a"]', ["http://a"]),
        ("[]", []),
        (" ", []),
    ],
)
def test_a_list_is_one_value_or_several_or_json(
    monkeypatch: pytest.MonkeyPatch, text: str, origins: list[str]
) -> None:
    basics = {"DATABASE_URL": "postgresql://x", "REDIS_URL": "redis://x", "NLU_LOGGER_KEY": "x"}
    for name, value in basics.items():
        monkeypatch.setenv(f"INDUCTION_{name}", value)
    monkeypatch.setenv("INDUCTION_CORS_ORIGINS", text)
    settings = from_environment(Settings)
    assert (settings.cors_origins, settings.database_url) == (
        origins,
        SecretStr("postgresql://x"),
    )


async def test_a_setting_that_is_an_object_is_called_one() -> None:
    ended = await typed("induction", "serve", env=os.environ | {"INDUCTION_PROVIDERS": "office"})
    assert "INDUCTION_PROVIDERS: an object as JSON is expected" in ended.complained


@pytest.mark.parametrize("program", ["nlu-logger", "induction"])
async def test_a_doctor_names_a_setting_that_cannot_be_read(program: str) -> None:
    prefix = program.upper().replace("-", "_")
    variables = {f"{prefix}_CORS_ORIGINS": '["http://a"', f"{prefix}_DATABASE_URL": "x"}
    ended = await typed(program, "doctor", env=os.environ | variables)
    assert ended.code == 1
    assert f"{prefix}_CORS_ORIGINS: a list is expected" in ended.printed
