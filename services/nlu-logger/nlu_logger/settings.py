"""What nlu-logger is told by its environment: every value with its unit and its reason."""

from pathlib import Path

from nlu_shared.kit.settings import MigrationSettings, ServiceSettings
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="NLU_LOGGER_", extra="ignore")

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
    export_dir: Path | None = Field(
        default=None, description="folder scheduled exports may write below; none: no such target"
    )
    export_store: str | None = Field(
        default=None,
        description="object storage for scheduled exports, as s3://bucket/prefix; its credentials"
        " come from the environment",
    )
    schedule_seconds: float = Field(
        default=30, gt=0, description="seconds between looks for exports that are due"
    )


class Migration(MigrationSettings):
    model_config = SettingsConfigDict(env_prefix="NLU_LOGGER_", extra="ignore")

    induction_key: SecretStr | None = Field(
        default=None, description="the key induction reads ground truth with; stored as a hash"
    )
