"""A run as it stands: what it was asked for, what it found, and what it has cost."""

from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Moment
from nlu_shared.schemas.canary import Canary
from nlu_shared.schemas.candidates import FrontView, IterationView
from nlu_shared.schemas.ensembles import EnsembleMeasured
from nlu_shared.schemas.evaluated import FAULTS, LENIENT, ConversationScore
from nlu_shared.schemas.headroom import Headroom
from nlu_shared.schemas.migration import Migration
from nlu_shared.schemas.prompts import MadeOn
from nlu_shared.schemas.runs import RunKind, RunLimits, RunStatus, TriggerType
from nlu_shared.schemas.spending import Spend
from nlu_shared.schemas.steering import Approvals, TakenHint
from nlu_shared.schemas.tasks import UnanswerableTruths
from nlu_shared.schemas.traffic import TrafficReplay
from nlu_shared.schemas.verdicts import ErrorAnalysis, Verdict


class RunView(Approvals):
    id: UUID = Field(description="names the run in paths")
    task: str = Field(description="what it works on")
    kind: RunKind = Field(description="what was asked of it")
    trigger_type: TriggerType = Field(description="who started it")
    status: RunStatus = Field(description="how it stands")
    reason: str | None = Field(description="why it stands so")
    limits: RunLimits = Field(description="promises that no call breaks")
    task_model: str = Field(description="answers, as it was named")
    proposer_model: str = Field(description="proposes, as it was named")
    answered_by: str | None = Field(
        default=None,
        description="the server behind the task model, and what it reports; null: not asked yet",
    )
    proposed_by: str | None = Field(default=None, description="the same of the proposer")
    dataset_hash: str | None = Field(description="SHA-256 of the data set; null until it is frozen")
    dataset_size: int | None = Field(description="its cases")
    splits: dict[str, int] | None = Field(description="cases by split")
    candidate_version_id: UUID | None = Field(default=None, description="tried, not proposed")
    baseline_version_id: UUID | None = Field(description="the version it started from")
    best_version_id: UUID | None = Field(description="the best version so far")
    baseline_f1: float | None = Field(description="objective of the baseline, 0 to 1")
    final_f1: float | None = Field(description="objective of the best, 0 to 1")
    improvement: float | None = Field(description="final less baseline; null: none was sought")
    components: dict[str, float] | None = Field(description="F1 of the best by component, 0 to 1")
    pooled: dict[str, tuple[int, int, int]] | None = Field(description="TP, FP, FN by component")
    support: dict[str, int] | None = Field(description="cases with each component in their truth")
    per_conversation: ConversationScore | None = Field(default=None, description="of discussions")
    faults: dict[str, int] | None = Field(
        default=None, description=f"of the best on validation: {FAULTS}"
    )
    lenient: dict[str, int] | None = Field(
        default=None, description=f"of the best on validation: {LENIENT}"
    )
    iterations: list[IterationView] = Field(
        description="the candidates evaluated on validation, in their order: no more of them than"
        " `limits.iterations`. The ladder of examples is one, told by its best rung"
    )
    changes: list[IterationView] = Field(
        default=[],
        description="every change that was tried, those refused before validation too",
    )
    front: list[FrontView] = Field(
        default=[],
        description="what F1 costs in tokens, the shortest prompt first; empty while it searches",
    )
    verdict: Verdict | None = Field(description="null until there is one")
    cross_validation: Verdict | None = Field(
        default=None,
        description="beside a verdict on untouched cases: what the search itself is worth, by"
        " cross-validation of the others",
    )
    error_analysis: ErrorAnalysis | None = Field(
        default=None, description="what the winner still gets wrong"
    )
    migration: Migration | None = Field(
        default=None, description="of a migration: the new models against the old one"
    )
    headroom: Headroom | None = Field(
        default=None, description="of a headroom run: what a prompt could gain"
    )
    canary: Canary | None = Field(
        default=None, description="of a canary: has the model behind the prompt changed?"
    )
    predictions: int | None = Field(
        default=None, description="of a run about traffic: the logged predictions it was started on"
    )
    replay: TrafficReplay | None = Field(
        default=None, description="of a replay: what the version would change of traffic"
    )
    ensemble: EnsembleMeasured | None = Field(
        default=None, description="of an ensemble: what the vote gains and costs beside its members"
    )
    spend: Spend = Field(description="so far")
    awaits: int | None = Field(
        default=None, description="the change that waits for approval, by its `n`; null: none"
    )
    focus: str | None = Field(default=None, description="the component it raises; null: all")
    guards: dict[str, float] = Field(default={}, description="by how much F1 may fall, at most")
    pins: list[str] = Field(default=[], description="blocks that no change may edit")
    batches: bool = Field(default=False, description="are large evaluations Message Batches?")
    taken_hints: list[TakenHint] = Field(
        default=[], description="the hints that proposals were given, in their order"
    )
    continues: UUID | None = Field(
        default=None, description="the run whose best prompt this one began with, where it goes on"
    )
    cancelling: bool = Field(
        default=False, description="was it cancelled, and is it still on its way to its end?"
    )
    pausing: bool = Field(
        default=False,
        description="was it to pause, and does it still wait for the calls on their way?",
    )
    retry_at: Moment | None = Field(
        default=None, description="of a parked run: when it is tried again by itself"
    )
    crashes: int = Field(
        default=0,
        description="how often in a row its worker died before it came any further; after the"
        " fifth time it has failed",
    )
    last_error: str | None = Field(default=None, description="what was known of the last of them")
    outages: int = Field(
        default=0, description="how often it was parked because the provider answered nothing"
    )
    notes: list[str] = Field(default=[], description="what stood in its way when it was started")
    unanswerable: list[UnanswerableTruths] = Field(
        default=[], description="truths it has left out, frozen when it was started"
    )
    labels_version: int | None = Field(
        default=None, description="of the label set it is held to; null: from before there were any"
    )
    made_on: MadeOn | None = Field(
        default=None, description="what answers its cases, and so what its versions are made on"
    )
    engine_version: str = Field(description="of the engine it was started with")
    scorer: str | None = Field(description="what its scores are measured with, and its version")
    created_at: Moment = Field(description="when it was asked for")
    started_at: Moment | None = Field(description="when a worker first took it")
    completed_at: Moment | None = Field(description="when it ended")
