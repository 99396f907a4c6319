"""The evidence of a run, to travel with the prompt it found: numbers, hashes and ids of cases.

No text of a case, and nothing that a model or a person wrote about cases (rationales, hints,
reasons): a report is kept where no erasure reaches.
"""

from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Moment, Schema
from nlu_shared.schemas.canary import Canary
from nlu_shared.schemas.ensembles import EnsembleMeasured
from nlu_shared.schemas.migration import ModelComparison
from nlu_shared.schemas.prompts import MadeOn
from nlu_shared.schemas.runs import RunKind, RunStatus
from nlu_shared.schemas.spending import Spend
from nlu_shared.schemas.traffic import TrafficReplay
from nlu_shared.schemas.verdicts import Verdict


class ReportedVersion(Schema):
    """A prompt version by its hashes."""

    id: UUID = Field(description="names the version in paths")
    version_hash: str = Field(description="SHA-256 of all the model is told")
    rendered_hash: str | None = Field(
        description="SHA-256 of the form the run measured it in; null: not measured"
    )


class ReportedComponent(Schema):
    """A part of the score on one split, before and after; F1 from 0 to 1."""

    split: str = Field(description="'test': untouched cases; 'validation': those it was chosen on")
    component: str = Field(description="the objective, accuracy, a label, a part of an extraction")
    before: float | None = Field(description="under the baseline; null: it does not occur")
    after: float | None = Field(
        description="under the best version; null: it does not occur, or none was sought"
    )
    cases: int | None = Field(
        description="cases that it rests on: all, or of a part of an extraction those that carry it"
        " in their truth; null: not counted, as of labels"
    )


class ReportedChange(Schema):
    """A change that the run tried, and the cases it turned."""

    n: int = Field(description="of the change, from 1")
    strategy: str | None = Field(description="A examples, B instructions, C both; null: none")
    outcome: str = Field(description="what became of it")
    what: str | None = Field(
        default=None, description="what was edited, in a few words; null: no prompt was made"
    )
    validation_f1: float | None = Field(description="its objective there, 0 to 1, if measured")
    version_id: UUID | None = Field(description="the version it made; null: it made none")
    fixed: list[UUID] = Field(description="cases it answers right, and the best before did not")
    broke: list[UUID] = Field(description="cases the best before answered right, and it does not")


class RunReport(Schema):
    """What a run found, and all that it takes to check it and to undo it."""

    run_id: UUID = Field(description="names the run in paths")
    task: str = Field(description="what it worked on")
    kind: RunKind = Field(description="what was asked of it")
    status: RunStatus = Field(description="how it stands")
    reason: str | None = Field(default=None, description="why it ended, or stands so")
    completed_at: Moment | None = Field(description="when it ended; null: it is not over")
    verdict: Verdict | None = Field(description="null: there is none (yet)")
    is_chosen: bool = Field(
        default=True,
        description="is `after` what the run chose? Else the report is about a version that it"
        " tried and did not choose: what became of that, its own scores, and no verdict",
    )
    words: list[str] = Field(description="what was found and why it ended, in sentences")
    comparisons: list[ModelComparison] = Field(
        default=[], description="of a migration: each new model against the old one"
    )
    replay: TrafficReplay | None = Field(
        default=None, description="of a replay: what the version would change of traffic"
    )
    canary: Canary | None = Field(
        default=None, description="of a canary: has the model behind the prompt changed?"
    )
    ensemble: EnsembleMeasured | None = Field(
        default=None, description="of an ensemble: what the vote gains and costs beside its members"
    )
    before: ReportedVersion = Field(description="the version it started from")
    after: ReportedVersion = Field(
        description="the best version; the same where none is better, another where it `is_chosen`"
        " not"
    )
    components: list[ReportedComponent] = Field(description="untouched cases first")
    changes: list[ReportedChange] = Field(description="every change that was tried, in order")
    spend: Spend = Field(description="what it has cost")
    dataset_hash: str = Field(description="SHA-256 of the data set")
    dataset_size: int = Field(description="its cases")
    splits: dict[str, int] | None = Field(description="cases by split; null: not split yet")
    scorer: str | None = Field(description="what its scores are measured with, and its version")
    engine_version: str = Field(description="of the engine it was started with")
    task_model: str = Field(description="to answer its cases, as it was named")
    answered_by: str | None = Field(
        description="the server that answered them, and what it reports; null: none has"
    )
    proposer_model: str = Field(description="to propose changes, as it was named")
    proposed_by: str | None = Field(
        default=None, description="the server that proposed any; null: none has"
    )
    made_on: MadeOn | None = Field(description="what answered its cases")
    roll_back: str | None = Field(
        description="the command that lets what served before serve again, once what the run found"
        " was promoted; null: there is nothing to undo"
    )
