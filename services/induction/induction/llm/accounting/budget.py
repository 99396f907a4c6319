"""What a run may still spend. Pure arithmetic; amounts in US dollars."""

from dataclasses import dataclass
from decimal import Decimal

from induction.engine.limits import limit_of_calls


@dataclass(slots=True)
class Budget:
    """Calls and money of one run: settled, and reserved for calls that are on their way.
    `limit_passed` names, for people, the promise that the last refused call would have broken."""

    calls_limit: int
    usd_limit: Decimal
    calls: int = 0
    usd: Decimal = Decimal(0)
    limit_passed: str = ""

    def admit(self, bound: Decimal) -> bool:
        """Reserves one call of at most `bound`, if neither promise is broken by it."""
        if self.calls + 1 > self.calls_limit:
            self.limit_passed = limit_of_calls(self.calls_limit)
            return False
        if self.usd + bound > self.usd_limit:
            self.limit_passed = f"the limit of {dollars(self.usd_limit)}"
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
