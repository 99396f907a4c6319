"""A setting that cannot be used is told on one line: its name and the form it should have."""

import os

import pytest

from tests.fixtures.commands import typed

SECRET = "pin4711"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"CORS_ORIGINS": "http://a,https://b"}, 'a list as JSON is expected, as in ["first"'),
        ({"CORS_ORIGINS": f'["http://{SECRET}/"]'}, "must be scheme://host[:port]"),
        ({"POOL_SIZE": SECRET}, "a whole number, at least 1 is expected"),
        ({"BODY_SECONDS": "0"}, "a number, above 0 is expected"),
        ({"LOG_JSON": SECRET}, "true or false is expected"),
        ({"TRUSTED_PROXIES": f'["{SECRET}"]'}, "not a valid IPv4 or IPv6 network"),
    ],
)
@pytest.mark.parametrize("program", ["nlu-logger", "induction"])
async def test_a_setting_that_cannot_be_used_is_one_line(
    program: str, given: dict[str, str], words: str
) -> None:
    prefix = program.upper().replace("-", "_")
    variables = {f"{prefix}_{name}": value for name, value in given.items()}
    urls = {f"{prefix}_DATABASE_URL": "postgresql://x", f"{prefix}_REDIS_URL": "redis://x"}
    needed = {"INDUCTION_NLU_LOGGER_URL": "http://x", "INDUCTION_NLU_LOGGER_KEY": "nlk_x"}
    ended = await typed(program, "serve", env=os.environ | urls | needed | variables)
    (line,) = ended.complained.splitlines()
    (name,) = variables
    assert ended.code == 1
    assert line.startswith(f"{program}: {name}: ")
    assert words in line
    assert SECRET not in line
