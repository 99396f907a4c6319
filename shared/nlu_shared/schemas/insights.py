"""The numbers of production, and how sure they are. Shares and scores run from 0 to 1."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from nlu_shared.schemas.base import Fraction, Moment, Schema


class Version(StrEnum):
    """Which version of a prediction is meant."""

    MODEL = "model"
    PROMPT = "prompt"


class Sample(StrEnum):
    """`audit` is the random share of traffic, weighted; `reviewed` is every reviewed case, and
    too hard, since reviewers see the hard cases first."""

    AUDIT = "audit"
    REVIEWED = "reviewed"


class Every(StrEnum):
    """Length of a period."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Interval(Schema):
    """A share or score with its 95 % interval, of `n` cases worth `effective_n` equal ones."""

    value: Fraction = Field(description="the share or score")
    low: Fraction = Field(description="lower end of its 95 % interval")
    high: Fraction = Field(description="upper end of its 95 % interval")
    n: int = Field(description="cases it is of")
    effective_n: float = Field(description="how many equally weighted cases they are worth")


class ConfidenceBucket(Schema):
    """`conf_bucket` is a confidence rounded to one decimal; None: it was not given."""

    conf_bucket: float | None = Field(
        description="confidence to one decimal; null: it was not given"
    )
    count: int = Field(description="predictions in it")


class IntentCount(Schema):
    """One intent in the traffic."""

    predicted_intent: str = Field(description="the label that was answered")
    count: int = Field(description="predictions with it")
    avg_conf: float | None = Field(description="their mean confidence, 0 to 1; null: none had one")
    corrections: int = Field(description="how many of them carry a correction")


class IntentOutcome(Schema):
    """Workflows that ended, by intent; `successes` of `total` went well."""

    predicted_intent: str = Field(description="the label that was answered")
    total: int = Field(description="workflows that ended")
    successes: int = Field(description="of these, the ones that went well")
    success_rate: Interval = Field(description="`successes` ÷ `total`")


class JudgedSample(Schema):
    """What a number about right and wrong rests on.

    `drawn` cases belong to the audit, `n` cases of the sample have an approved truth; below
    `minimum` the number is `unknown`, and `more_needed` cases must be approved first. What was
    drawn and never judged may differ from what was: many of them make the number less sure.
    """

    status: Literal["known", "unknown"] = Field(
        description="unknown while fewer than `minimum` are judged"
    )
    sample: Sample = Field(description="which cases are counted")
    n: int = Field(description="cases of the sample with an approved truth")
    drawn: int = Field(description="cases of the audit, judged or not")
    minimum: int = Field(description="cases needed for a number")
    more_needed: int = Field(description="cases to approve until there is one")


class ReliabilityBin(Schema):
    """Predictions of a confidence from `low` to `high`: how sure they were, how often right."""

    low: Fraction = Field(description="least confidence of the bin")
    high: Fraction = Field(description="greatest confidence of the bin")
    count: int = Field(description="judged predictions in it")
    share: Fraction = Field(description="of all that are counted")
    confidence: Fraction = Field(description="their mean confidence")
    accuracy: Fraction = Field(description="share of them that were right")


class Calibration(JudgedSample):
    """`ece` is the expected calibration error; 0 is perfect."""

    ece: Fraction | None = Field(
        description="expected calibration error, 0 is perfect; null: unknown"
    )
    bins: list[ReliabilityBin] = Field(description="by confidence, the least first")


class ConfusionCell(Schema):
    """`share` is of all traffic where the sample is the audit, else of the reviewed cases."""

    predicted: str = Field(description="the label that was answered")
    truth: str = Field(description="the label that is right")
    count: int = Field(description="judged predictions in the cell")
    share: Fraction = Field(description="of all traffic (audit), else of the reviewed cases")


class Confusion(JudgedSample):
    """The cells that hold any case, the fullest first."""

    cells: list[ConfusionCell] = Field(description="those that hold a case, the fullest first")


class Shift(Schema):
    """How far two periods are apart, by the stability index and by Jensen-Shannon in nats.

    `chance` is what the index stays below in 999 of 1,000 periods that did not change. All are
    None where either period holds fewer predictions than the minimum.
    """

    status: Literal["known", "unknown"] = Field(
        description="unknown where either period holds too few predictions"
    )
    psi: float | None = Field(default=None, description="population stability index; null: unknown")
    jensen_shannon: float | None = Field(
        default=None, description="divergence in nats, at most 0.693; null: unknown"
    )
    chance: float | None = Field(
        default=None, description="what the index stays below in 999 of 1,000 unchanged periods"
    )
    window: int = Field(description="predictions in the period")
    reference: int = Field(description="predictions in the period it is compared with")


class TrafficDrift(Schema):
    """How far the traffic of a period is from that of another."""

    intents: Shift = Field(description="how far the shares of intents moved")
    confidence: Shift = Field(description="how far the confidences moved")
    minimum: int = Field(description="predictions either period needs")
    since: Moment = Field(description="where the period begins")
    until: Moment = Field(description="where it ends")
    reference_since: Moment = Field(description="where the period it is compared with begins")


class Metric(StrEnum):
    """`macro_f1` for labels; `exact_match`, the share of outputs that were wholly right, for
    structured ones."""

    MACRO_F1 = "macro_f1"
    EXACT_MATCH = "exact_match"


class LiveScore(JudgedSample):
    """One task, version and period (None: not asked for, or not given).

    `estimate` is unbiased by what reviewers chose, `naive` is not; `traffic` counts predictions.
    """

    task: str = Field(description="whose predictions")
    model_version: str | None = Field(description="which answered; null: not given")
    prompt_version: str | None = Field(description="which it was asked with; null: not given")
    period: Moment | None = Field(
        description="where the day, week or month begins; null: no periods were asked for"
    )
    metric: Metric = Field(description="what `estimate` and `naive` measure")
    traffic: int = Field(description="predictions, judged or not")
    estimate: Interval | None = Field(
        description="the score, unbiased by what reviewers chose; null: unknown"
    )
    accuracy: Interval | None = Field(description="share of right answers, likewise")
    naive: Fraction | None = Field(
        description="the score over every reviewed case; null: there is none"
    )
    naive_n: int = Field(description="the reviewed cases it is of")


class Gain(Schema):
    """b − a with its 95 % interval and two-sided p-value."""

    difference: Annotated[float, Field(ge=-1, le=1, description="b − a")]
    low: float = Field(description="lower end of its 95 % interval")
    high: float = Field(description="upper end of its 95 % interval")
    p_value: Fraction = Field(description="two-sided")


class PairedGain(Gain):
    """Over the texts that both versions answered: who alone was right how often."""

    n: int = Field(description="texts that both versions answered")
    only_a: int = Field(description="texts that a alone had right")
    only_b: int = Field(description="texts that b alone had right")


class Contest(Schema):
    """One measure of two versions; a value is None where too little is known of it."""

    a: Interval | None = Field(description="of version a; null: too little is known")
    b: Interval | None = Field(description="of version b; null: too little is known")
    gain: Gain | None = Field(description="over all their traffic; null: too little is known")
    paired: PairedGain | None = Field(description="over the texts both answered; null: too few")


class Warning(StrEnum):
    """Why the difference may not be the versions': other texts, or another time."""

    TRAFFIC_DIFFERS = "traffic_differs"
    TIMES_DIFFER = "times_differ"
    INTENTS_DIFFER = "intents_differ"


class Comparison(Schema):
    """Success of workflows, and accuracy by the audit; `texts_js` and `intents_js` in nats."""

    a: str = Field(description="the version compared with")
    b: str = Field(description="the version compared")
    version: Version = Field(description="what `a` and `b` are versions of")
    success: Contest = Field(description="of the workflows that followed")
    accuracy: Contest = Field(description="of the answers, by the audit")
    texts_js: float | None = Field(description="divergence of their texts, in nats; null: unknown")
    intents_js: float | None = Field(
        description="divergence of their intents, in nats; null: unknown"
    )
    warnings: list[Warning] = Field(description="why the difference may not be the versions'")
