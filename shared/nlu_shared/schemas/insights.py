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
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Interval(Schema):
    """A share or score with its 95 % interval, of `n` cases worth `effective_n` equal ones."""

    value: Fraction
    low: Fraction
    high: Fraction
    n: int
    effective_n: float


class ConfidenceBucket(Schema):
    """`conf_bucket` is a confidence rounded to one decimal; None: it was not given."""

    conf_bucket: float | None
    count: int


class IntentCount(Schema):
    predicted_intent: str
    count: int
    avg_conf: float | None
    corrections: int


class IntentOutcome(Schema):
    """Workflows that ended, by intent; `successes` of `total` went well."""

    predicted_intent: str
    total: int
    successes: int
    success_rate: Interval


class Judged(Schema):
    """What a number about right and wrong rests on.

    `drawn` cases belong to the audit, `n` cases of the sample have an approved truth; below
    `minimum` the number is `unknown`, and `more_needed` cases must be approved first. What was
    drawn and never judged may differ from what was: many of them make the number less sure.
    """

    status: Literal["known", "unknown"]
    sample: Sample
    n: int
    drawn: int
    minimum: int
    more_needed: int


class ReliabilityBin(Schema):
    """Predictions of a confidence from `low` to `high`: how sure they were, how often right."""

    low: Fraction
    high: Fraction
    count: int
    share: Fraction
    confidence: Fraction
    accuracy: Fraction


class Calibration(Judged):
    """`ece` is the expected calibration error; 0 is perfect."""

    ece: Fraction | None
    bins: list[ReliabilityBin]


class ConfusionCell(Schema):
    """`share` is of all traffic where the sample is the audit, else of the reviewed cases."""

    predicted: str
    truth: str
    count: int
    share: Fraction


class Confusion(Judged):
    """The cells that hold any case, the fullest first."""

    cells: list[ConfusionCell]


class Shift(Schema):
    """How far two periods are apart, by the stability index and by Jensen-Shannon in nats.

    `chance` is what the index stays below in 999 of 1,000 periods that did not change. All are
    None where either period holds fewer predictions than the minimum.
    """

    status: Literal["known", "unknown"]
    psi: float | None = None
    jensen_shannon: float | None = None
    chance: float | None = None
    window: int
    reference: int


class TrafficDrift(Schema):
    intents: Shift
    confidence: Shift
    minimum: int
    since: Moment
    until: Moment
    reference_since: Moment


class Metric(StrEnum):
    """`macro_f1` for labels; `exact_match`, the share of outputs that were wholly right, for
    structured ones."""

    MACRO_F1 = "macro_f1"
    EXACT_MATCH = "exact_match"


class LiveScore(Judged):
    """One task, version and period (None: not asked for, or not given).

    `estimate` is unbiased by what reviewers chose, `naive` is not; `traffic` counts predictions.
    """

    task: str
    model_version: str | None
    prompt_version: str | None
    period: Moment | None
    metric: Metric
    traffic: int
    estimate: Interval | None
    accuracy: Interval | None
    naive: Fraction | None
    naive_n: int


class Gain(Schema):
    """b − a with its 95 % interval and two-sided p-value."""

    difference: Annotated[float, Field(ge=-1, le=1)]
    low: float
    high: float
    p_value: Fraction


class PairedGain(Gain):
    """Over the texts that both versions answered: who alone was right how often."""

    n: int
    only_a: int
    only_b: int


class Contest(Schema):
    """One measure of two versions; a value is None where too little is known of it."""

    a: Interval | None
    b: Interval | None
    gain: Gain | None
    paired: PairedGain | None


class Warning(StrEnum):
    """Why the difference may not be the versions': other texts, or another time."""

    TRAFFIC_DIFFERS = "traffic_differs"
    TIMES_DIFFER = "times_differ"
    INTENTS_DIFFER = "intents_differ"


class Comparison(Schema):
    """Success of workflows, and accuracy by the audit; `texts_js` and `intents_js` in nats."""

    a: str
    b: str
    version: Version
    success: Contest
    accuracy: Contest
    texts_js: float | None
    intents_js: float | None
    warnings: list[Warning]
