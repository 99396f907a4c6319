"""What induction is told by its environment: every value with its unit and its reason."""

from pathlib import Path
from typing import Annotated, Any

from nlu_shared.kit.settings import MigrationSettings, ServiceSettings
from nlu_shared.schemas.bundles import key_bytes
from nlu_shared.schemas.triggers import MOST_HOURS
from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
)
from pydantic_settings import NoDecode, SettingsConfigDict

from induction.model_settings import ModelSettings
from induction.prices_file import PricesFile, UnreadablePrices, parsed


def _read(named: Any) -> Any:
    """The file with its rows. Raises UnreadablePrices."""
    if not isinstance(named, str | Path):
        return named
    path = Path(named)
    try:
        return PricesFile(path=str(path), rows=parsed(path.read_bytes(), suffix=path.suffix))
    except OSError as unreadable:
        raise UnreadablePrices(f"prices: {path}: {unreadable.strerror}") from unreadable


def _a_key(text: str) -> str:
    key_bytes(text)
    return text


PublicKey = Annotated[str, AfterValidator(_a_key)]
PrivateKey = Annotated[
    SecretStr, AfterValidator(lambda key: SecretStr(_a_key(key.get_secret_value())))
]


class Settings(ServiceSettings, ModelSettings):
    model_config = SettingsConfigDict(env_prefix="INDUCTION_", extra="ignore")

    nlu_logger_url: str = Field(
        default="http://127.0.0.1:8001", description="where approved ground truth is read"
    )
    nlu_logger_pages: str | None = Field(
        default=None,
        pattern="^https?://",
        description="where people open nlu-logger's pages; none: at nlu_logger_url",
    )
    nlu_logger_key: SecretStr = Field(
        default=SecretStr(""),
        description="a key of nlu-logger with the scopes ground-truth:read, insights:read,"
        " findings:write and, to define labels, labels:write, and to replay traffic,"
        " predictions:read",
    )
    prices_file: Annotated[PricesFile, NoDecode, BeforeValidator(_read)] = Field(
        default=PricesFile(),
        description="file of prices, JSON or TOML, read at the start; before the shipped table",
    )
    concurrency: int = Field(
        default=16,
        ge=1,
        description="calls in flight per worker to a provider that does not say how many it bears",
    )
    outage_seconds: float = Field(
        default=60.0,
        gt=0,
        description="seconds a run rests when its provider answers nothing; twice as long each"
        " time, up to ten minutes",
    )
    batch_calls: int = Field(
        default=100,
        ge=1,
        description="open calls of one question from which on a run with batches sends them as"
        " Message Batches; fewer go one by one",
    )
    batch_poll_seconds: float = Field(
        default=30.0,
        gt=0,
        description="seconds between the first looks at a batch; later a tenth of its age, up to"
        " ten minutes",
    )
    batch_settling_seconds: float = Field(
        default=900.0,
        ge=0,
        description="seconds after which a batch that nobody has heard of, and that its provider"
        " does not list, was not sent; a creation may take ten minutes",
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
    look_seconds: float = Field(
        default=0.5,
        gt=0,
        description="seconds between looks for an operator's word while calls are on their way or"
        " the engine computes: no call starts a second after a cancellation",
    )
    silent_seconds: float = Field(
        default=30.0,
        gt=0,
        description="seconds without an answer or an event after which the row of a run that is"
        " driven says what it waits for",
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
    experiment_seconds: float = Field(
        default=60.0, gt=0, description="seconds between looks at an experiment on live traffic"
    )
    auto_induction_f1_threshold: float = Field(
        default=0.75,
        ge=0,
        le=1,
        validation_alias=AliasChoices("AUTO_INDUCTION_F1_THRESHOLD", "auto_induction_f1_threshold"),
        description="live F1 below which a run of a task starts by itself, where its rules name no"
        " other",
    )
    auto_induction_min_gt_size: int = Field(
        default=20,
        ge=1,
        validation_alias=AliasChoices("AUTO_INDUCTION_MIN_GT_SIZE", "auto_induction_min_gt_size"),
        description="approved cases before a run starts by itself, likewise",
    )
    auto_induction_cooldown_hours: float = Field(
        default=24.0,
        ge=0,
        le=MOST_HOURS,
        validation_alias=AliasChoices(
            "AUTO_INDUCTION_COOLDOWN_HOURS", "auto_induction_cooldown_hours"
        ),
        description="hours between the starts of a task's runs, likewise; doubled after each that"
        " gained too little",
    )
    canary_hour: float = Field(
        default=3.0, ge=0, lt=24, description="hour of the day (UTC) from which canaries start"
    )
    canary_usd: float = Field(
        default=0.5, ge=0, description="dollars of one canary at most, within the month's cap"
    )
    remember_days: float = Field(
        default=90.0, gt=0, description="days a failed change is held against its like: texts drift"
    )
    answer_days: float | None = Field(
        default=None,
        gt=0,
        description="days the answers of an ended run are kept, then their hashes alone: it can no"
        " longer be verified, and its answers serve no other run; none: for ever",
    )
    flag_seconds: float = Field(
        default=1.0,
        ge=0,
        description="seconds a flag is held for the units that ask by OFREP: a promotion or another"
        " share reaches them so much later",
    )
    report_seconds: float = Field(
        default=10.0,
        gt=0,
        description="seconds between looks for ended runs to report and for reports to send",
    )
    digest_hour: float = Field(
        default=6.0,
        ge=0,
        lt=24,
        description="hour of Monday (UTC) from which the digest of the week before is sent",
    )
    smtp_from: str = Field(
        default="induction@localhost", description="the sender of reports by e-mail"
    )
    notice_private_hosts: list[str] = Field(
        default=[],
        description="hosts that reports may reach in our own network, and without TLS",
    )
    bundle_key: PrivateKey | None = Field(
        default=None,
        description="Ed25519 private key, base64 of 32 bytes, that signs bundles of versions;"
        " 'induction prompts bundle-key' makes one",
    )
    bundle_signers: list[PublicKey] = Field(
        default=[],
        description="public keys of other instances, base64 of 32 bytes each, whose bundles are"
        " taken",
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
