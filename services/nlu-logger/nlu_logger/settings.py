"""What nlu-logger is told by its environment: every value with its unit and its reason."""

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
    audit_share: float = Field(
        default=0.01, gt=0, le=1, description="share of all traffic the audit queue offers"
    )
    audit_seed: int = Field(
        default=0,
        ge=-(2**63),
        lt=2**63 - 1,
        description="seed of the audit's draw; another one is another sample",
    )
    double_code_share: float = Field(
        default=0.1, ge=0, le=1, description="share of the audit that a second reviewer codes too"
    )
    review_days: int = Field(
        default=14, ge=1, description="days back that audit and label-next look; bounds their cost"
    )
    partition_seconds: float = Field(
        default=3600,
        gt=0,
        description="seconds between looks for the coming months' partitions",
    )


class Migration(MigrationSettings):
    model_config = SettingsConfigDict(env_prefix="NLU_LOGGER_", extra="ignore")

    induction_key: SecretStr | None = Field(
        default=None, description="the key induction reads ground truth with; stored as a hash"
    )
