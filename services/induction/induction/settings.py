"""What induction is told by its environment: every value with its unit and its reason."""

from typing import Literal

from nlu_shared.kit.settings import MigrationSettings, ServiceSettings
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import SettingsConfigDict


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="INDUCTION_", extra="ignore")

    nlu_logger_url: str = Field(
        default="http://127.0.0.1:8001", description="where approved ground truth is read"
    )
    nlu_logger_key: SecretStr = Field(
        default=SecretStr(""),
        description="a key of nlu-logger with the scopes ground-truth:read, findings:write and, to"
        " define labels, labels:write",
    )
    provider: Literal["anthropic", "offline"] = Field(
        default="anthropic", description="who answers; 'offline' books no money"
    )
    anthropic_api_key: SecretStr = Field(
        default=SecretStr("offline"),
        validation_alias=AliasChoices("ANTHROPIC_API_KEY", "anthropic_api_key"),
        description="the Claude key; unused by the offline model, which takes any",
    )
    anthropic_base_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("ANTHROPIC_BASE_URL", "anthropic_base_url"),
        description="another address for the Messages API; none with 'offline': in this process",
    )
    task_model: str = Field(default="claude-haiku-5-5", description="runs the prompt under test")
    proposer_model: str = Field(default="claude-sonnet-5-5", description="proposes changes")
    concurrency: int = Field(
        default=16, ge=1, description="calls in flight per worker; what a provider's limits bear"
    )
    outage_seconds: float = Field(
        default=60.0,
        gt=0,
        description="seconds a run rests when its provider answers nothing; twice as long each"
        " time, up to ten minutes",
    )
    month_cap_usd: float = Field(
        default=100.0, ge=0, description="dollars per calendar month (UTC) over all runs"
    )
    runs_at_once: int = Field(default=2, ge=1, description="runs one worker drives side by side")
    lease_seconds: float = Field(
        default=15.0, gt=0, description="seconds a run stays a silent worker's; renewed every third"
    )
    compute_seconds: float = Field(
        default=60.0,
        gt=0,
        description="seconds a run may go on computing once its minutes are over; then it failed",
    )
    slow_reader_seconds: float = Field(
        default=30.0,
        gt=0,
        description="seconds a stream waits for a reader that takes nothing; then it is cut, and"
        " goes on where it was when the reader comes back",
    )
    poll_seconds: float = Field(
        default=5.0, gt=0, description="seconds between looks for work nobody rang for"
    )
    unanswerable_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="of a task's truths, the share that no answer can match above which no run"
        " starts; those below it are left out",
    )
    consider_seconds: float = Field(
        default=300.0, gt=0, description="seconds between looks whether a run should start itself"
    )
    remember_days: float = Field(
        default=90.0, gt=0, description="days a failed change is held against its like: texts drift"
    )
    findings_seconds: float = Field(
        default=60.0,
        gt=0,
        description="seconds between looks for doubted labels to tell nlu-logger",
    )
    forget_seconds: float = Field(
        default=60.0, gt=0, description="seconds between looks for cases nlu-logger has erased"
    )


class Migration(MigrationSettings):
    model_config = SettingsConfigDict(env_prefix="INDUCTION_", extra="ignore")
