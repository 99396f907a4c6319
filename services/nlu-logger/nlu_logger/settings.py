"""What nlu-logger is told by its environment: every value with its unit and its reason."""

from pathlib import Path

from nlu_shared.kit.settings import Key, MigrationSettings, ServiceSettings
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
    induction_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="where people open induction's pages; none: no page leads there",
    )
    retention_days: int = Field(
        default=90,
        ge=1,
        description="days raw predictions are kept, then dropped with their month once all of it"
        " is older; older ids are refused",
    )
    ahead_hours: float = Field(
        default=24, gt=0, description="hours a client's clock may be ahead of ours"
    )
    waiting_predictions: int = Field(
        default=10_000,
        ge=1_000,
        description="predictions that may wait for a commit, at least a batch; bounds memory",
    )
    require_second_approver: bool = Field(
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
    retention_seconds: float = Field(
        default=3600, gt=0, description="seconds between looks for rows older than the retention"
    )
    anonymise_terms: Path | None = Field(
        default=None,
        description="file of terms to anonymise besides the rules', one a line; none: the rules'",
    )
    anonymise_key: SecretStr | None = Field(
        default=None,
        description="makes pseudonyms of user ids; none: who knows an id can tell its pseudonym",
    )
    erasure_journal: Path | None = Field(
        default=None,
        description="file outside the database that every erasure's receipt is added to, from which"
        " a restored backup is told what to erase again; none: receipts are in the database only",
    )
    alert_seconds: float = Field(
        default=30, gt=0, description="seconds between rounds of looks at alert rules"
    )
    alert_private_hosts: list[str] = Field(
        default=[],
        description="hosts that notices may reach in our own network, and without TLS",
    )
    smtp_from: str = Field(
        default="nlu-logger@localhost", description="the sender of notices by e-mail"
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
    buffer_bytes: int = Field(
        default=4 * 1024**3,
        ge=1024**2,
        description="bytes that answers which clients have not read yet may hold on disk, together;"
        " beyond them an export is 503",
    )
    buffer_dir: Path | None = Field(
        default=None,
        description="folder of those unnamed files; none: the system's for temporary files",
    )
    send_seconds: float = Field(
        default=60, gt=0, description="seconds a client may take no piece of its export, then cut"
    )


class Migration(MigrationSettings):
    model_config = SettingsConfigDict(env_prefix="NLU_LOGGER_", extra="ignore")

    induction_key: Key | None = Field(
        default=None, description="the key induction reads ground truth with; stored as a hash"
    )
