"""What the supervisor itself is told by its environment. The services' own settings are theirs."""

from pathlib import Path
from typing import Annotated, Literal, Self

from nlu_shared.kit.environment import EnvironmentSettings
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from deploy.local.problems import LocalProblem

Port = Annotated[int, Field(ge=1, le=65535)]


class LocalSettings(EnvironmentSettings):
    model_config = SettingsConfigDict(extra="ignore")

    nlu_data_dir: Path = Field(
        default=Path(".data"), description="directory; databases, keys and logs of this machine"
    )
    nlu_logger_port: Port | None = Field(
        default=None, description="TCP port; none: 8001, or a free one where 8001 is in use"
    )
    induction_port: Port | None = Field(
        default=None, description="TCP port; none: 8002, or a free one where 8002 is in use"
    )
    database_url: SecretStr | None = Field(
        default=None, description="a PostgreSQL administrator's URL, used instead of an own server"
    )
    redis_url: SecretStr | None = Field(
        default=None, description="a Redis URL, used instead of an own server"
    )
    anthropic_api_key: SecretStr | None = Field(
        default=None, description="a Claude key, used instead of the offline model; costs money"
    )
    model: Literal["smollm2"] | None = Field(
        default=None,
        description="smollm2: a small language model on this machine answers in the demo",
    )

    @classmethod
    def read(cls) -> Self:
        """Raises LocalProblem that names the first value that cannot be used."""
        try:
            return cls()
        except ValidationError as refused:
            first = refused.errors(include_url=False)[0]
            raise LocalProblem(
                f"{str(first['loc'][0]).upper()}={first['input']}: {first['msg']}"
            ) from None
