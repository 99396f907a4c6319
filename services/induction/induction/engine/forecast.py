"""The most a run can cost, known before it starts."""

from dataclasses import dataclass

from induction.engine.plan import Plan


@dataclass(frozen=True, slots=True)
class Bound:
    """Calls never exceeded; tokens are per call, so that a caller can price them."""

    task_calls: int
    proposer_calls: int
    task_tokens_in: int
    task_tokens_out: int
    proposer_tokens_in: int
    proposer_tokens_out: int

    @property
    def calls(self) -> int:
        return self.task_calls + self.proposer_calls


def forecast(plan: Plan) -> Bound:
    raise NotImplementedError
