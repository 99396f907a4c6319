"""What the forms of a prediction's page give. Pure."""

from uuid import UUID

from nlu_logger.dashboard.inbox.forms import DecisionIn, ItemIn, LabelIn


class JudgementIn(LabelIn):
    """A label beside those that the page shows."""

    @property
    def may_be_second(self) -> bool:
        return True


class VerdictIn(DecisionIn):
    """What becomes of a correction, on the page of its `prediction`."""

    prediction: UUID


class TakeBackIn(ItemIn):
    """A correction whose label or decision is taken back, on the page of its `prediction`."""

    prediction: UUID
