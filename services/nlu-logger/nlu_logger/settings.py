"""What nlu-logger is told by its environment: every value with its unit and its reason."""

from nlu_shared.kit.settings import MigrationSettings, ServiceSettings
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="NLU_LOGGER_", extra="ignore")

    jwt_secret: SecretStr | None = Field(
        default=None, description="HS256 secret of end-user tokens; none: no such tokens"
    )
    jwks_url: str | None = Field(
        default=None, description="where the issuer of end-user tokens publishes its keys"
    )
    jwt_audience: str = Field(
        default="authenticated", description="`aud` of end-user tokens; Supabase's is the default"
    )
    jwt_issuer: str | None = Field(
        default=None, description="`iss` that end-user tokens must have; none: any"
    )
    retention_days: int = Field(
        default=90, ge=1, description="days raw predictions are kept; older ids are refused"
    )
    ahead_hours: float = Field(
        default=24, gt=0, description="hours a client's clock may be ahead of ours"
    )
    waiting_predictions: int = Field(
        default=10_000, ge=1, description="posts that may wait for a commit; bounds memory"
    )
    second_pair_of_eyes: bool = Field(
        default=False, description="true: nobody approves their own correction"
    )
    partition_seconds: float = Field(
        default=3600,
        gt=0,
        description="seconds between looks for the coming months' partitions",
    )
    alert_seconds: float = Field(
        default=30, gt=0, description="seconds between rounds of looks at alert rules"
    )
    alert_private_hosts: list[str] = Field(
        default=[],
        description="hosts that notices may reach in our own network, and without TLS",
    )
    smtp_url: SecretStr | None = Field(
        default=None, description="smtp://user:password@host:port or smtps://…; none: no e-mail"
    )
    smtp_from: str = Field(
        default="nlu-logger@localhost", description="the sender of notices by e-mail"
    )


class Migration(MigrationSettings):
    model_config = SettingsConfigDict(env_prefix="NLU_LOGGER_", extra="ignore")

    induction_key: SecretStr | None = Field(
        default=None, description="the key induction reads ground truth with; stored as a hash"
    )
