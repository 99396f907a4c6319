"""What a run may still spend. Pure arithmetic; amounts in US dollars."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto

from induction.engine.limits import limit_of_calls


class Promise(Enum):
    """What a call may not break."""

    CALLS = auto()
    MONEY = auto()
    MONTH = auto()


@dataclass(slots=True)
class Budget:
    """Calls and money of one run: settled, and reserved for calls that are on their way.
    `limit_passed` is the promise that the last refused call would have broken; None: none was
    refused."""

    calls_limit: int
    usd_limit: Decimal
    month_cap_usd: Decimal
    calls: int = 0
    usd: Decimal = Decimal(0)
    limit_passed: Promise | None = None

    @property
    def limit_in_words(self) -> str:
        """For people."""
        match self.limit_passed:
            case None:
                return ""
            case Promise.CALLS:
                return limit_of_calls(self.calls_limit)
            case Promise.MONEY:
                return f"the limit of {dollars(self.usd_limit)}"
            case Promise.MONTH:
                return f"the month's cap of {dollars(self.month_cap_usd)}"

    def admit(self, bound: Decimal) -> bool:
        """Reserves one call of at most `bound`, if neither promise is broken by it."""
        if self.calls + 1 > self.calls_limit:
            self.limit_passed = Promise.CALLS
            return False
        if self.usd + bound > self.usd_limit:
            self.limit_passed = Promise.MONEY
            return False
        self.calls += 1
        self.usd += bound
        return True

    def settle(self, bound: Decimal, cost: Decimal) -> None:
        """The call came to `cost`; what was reserved beyond it is free again."""
        self.usd += cost - bound

    def release(self, bound: Decimal) -> None:
        """The call was never answered and never billed."""
        self.calls -= 1
        self.usd -= bound


def dollars(amount: Decimal) -> str:
    return f"{amount.normalize():f} dollars"
