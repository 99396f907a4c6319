"""Everything a run is given before it starts. Equal plans and answers make equal runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from nlu_shared.schemas.canary import CanaryAnswer
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.headroom import ClassifierScore
from nlu_shared.schemas.migration import MARGIN
from nlu_shared.schemas.prompts import Aim, Change, PromptContent
from nlu_shared.schemas.steering import ApprovalTerms
from nlu_shared.schemas.traffic import TrafficReplay
from pydantic import JsonValue

from induction.task_kinds.base import Case, Component, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A change that failed in an earlier run (see `memory`).

    run_id: the run that refused it.
    change: without its rationale: no guard has read that.
    parent_hash: the `version_hash` of the prompt it was made to.
    aims: the error patterns it was to correct.
    outcome: what became of it, in a word.
    reason: why, in a sentence.
    """

    run_id: UUID
    change: Change
    parent_hash: str
    aims: tuple[Aim, ...]
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCase:
    """A logged prediction as it is put to a prompt.

    case: its text; what was answered to it stands in the truth's place.
    truth: the approved answer to that text; None: there is none.
    case_id: of the approved case; None: there is none.
    learned: whether runs have learned or chosen from that case.
    by_serving: whether the version that serves now was what answered.
    """

    case: Case
    truth: JsonValue = None
    case_id: UUID | None = None
    learned: bool = False
    by_serving: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The logged predictions that a run is about.

    predictions: in id order.
    left_out: logged predictions that cannot be put again as they were.
    serving_version_id: the version that serves; None: none does.
    measured: what was found before, where the run has only its end to say.
    """

    predictions: tuple[LoggedCase, ...]
    left_out: int = 0
    serving_version_id: UUID | None = None
    measured: TrafficReplay | None = None

    @property
    def cases(self) -> tuple[Case, ...]:
        return tuple(one.case for one in self.predictions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is optimised, on what, by whom and how far.

    task: knows labels, requests and scores.
    cases: all of the snapshot, of every split.
    dataset_hash: hex SHA-256 of the snapshot.
    splits: the split of every case, by its id (see `splits.assign`).
    baseline: the prompt to improve.
    task_model: answers the cases.
    proposer_model: proposes changes.
    max_iterations: candidates evaluated on validation, at most.
    seed: of all chance in the run.
    hints: what the operator said beforehand.
    focus: the component to raise; None: the objective.
    candidate: a prompt to try in place of every proposal; None: the search proposes.
    tries_ladder: begin with a ladder of how many cases to show (see `ladder`).
    retrieval: the ladder also tries examples that are chosen for each text from a bank.
    max_prompt_tokens: of all of a request but the text it asks about; None: nobody set a bound.
    calls: the most the run may ask, None where nobody said; who answers holds it to that.
    guards: by how much a component's F1 may fall, 0 to 1 (see `acceptance`).
    proposals: changes tried side by side, at most.
    remembered: what failed before, the newest first.
    looks: verdicts of this task made before on its test cases.
    folds: in how many folds the search is cross-validated; None: not at all.
    may_remove_blocks: a person allows changes that take blocks of the baseline away. They carry the
        task: a score that is as good without them says more of the cases than of the instructions.
    batches: all that an evaluation asks is one question, since who answers takes many calls at
        once, and an answer can take a day.
    pins: names of blocks that no change of this run edits.
    approval: how a change waits for a person before it is kept; None: it does not.
    prunes_blocks: False where the answering model reads no instructions, so that no score of its
        can tell what they are worth.
    context_window: tokens of prompt and answer that the task model has room for, where known.
    to_models: of a migration, the new models, each with its context window where that is known.
    unusable: of these, why some cannot be asked, found out before anything was measured.
    margin: the loss that it takes for none.
    optimise: a prompt is searched for each new model first.
    agreement: the old model's answers are its truths.
    classifier: of a headroom run, what a plain one reaches; None: there is no label to choose.
    earlier: of a canary, the answers it is compared with.
    compares_with: the run that they are of; None: there is none.
    traffic: the logged predictions a replay, or a migration without labels, is about; None: the
        cases.
    members: of an ensemble, the prompts that vote, by the ids of their versions, in order.
    notes: what stood in the way when it was started, told with its first event.
    """

    task: Task
    cases: tuple[Case, ...]
    dataset_hash: str
    splits: Mapping[UUID, Split]
    baseline: PromptContent
    task_model: str
    proposer_model: str
    max_iterations: int = 20
    seed: int = 0
    hints: tuple[str, ...] = ()
    focus: str | None = None
    candidate: PromptContent | None = None
    tries_ladder: bool = True
    retrieval: bool = False
    max_prompt_tokens: int | None = None
    calls: int | None = None
    guards: Mapping[str, float] = field(default_factory=dict)
    proposals: int = 1
    remembered: tuple[Remembered, ...] = ()
    looks: int = 0
    folds: int | None = None
    may_remove_blocks: bool = False
    batches: bool = False
    pins: frozenset[str] = frozenset()
    approval: ApprovalTerms | None = None
    prunes_blocks: bool = True
    context_window: int | None = None
    to_models: Mapping[str, int | None] = field(default_factory=dict)
    unusable: Mapping[str, str] = field(default_factory=dict)
    margin: float = MARGIN
    optimise: bool = False
    agreement: bool = False
    classifier: ClassifierScore | None = None
    earlier: tuple[CanaryAnswer, ...] = ()
    compares_with: UUID | None = None
    traffic: Traffic | None = None
    members: Mapping[UUID, PromptContent] = field(default_factory=dict)

    def asking(self, model: str) -> "Plan":
        """The same plan with one of the new models to answer."""
        return replace(self, task_model=model, context_window=self.to_models[model])

    @property
    def askable(self) -> tuple[str, ...]:
        """The new models that can be asked."""
        return tuple(one for one in self.to_models if one not in self.unusable)

    @property
    def kept_blocks(self) -> frozenset[str]:
        """The names of the blocks that no change takes away."""
        if self.may_remove_blocks:
            return self.pins
        return frozenset(block.name for block in self.baseline.instructions)

    notes: tuple[str, ...] = ()

    @property
    def focused(self) -> Component | None:
        """The component in focus; None where the objective is all that is aimed at."""
        return None if self.focus is None else self.task.component(self.focus)
