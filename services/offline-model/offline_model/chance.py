"""Faults and noise as pure functions of the request, so that no order of arrival changes them."""

import hashlib

from offline_model.settings import PASSING, Fault, OfflineSettings, Role


def draw(*parts: object) -> float:
    """A number in [0, 1) that depends on the parts alone."""
    seed = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(seed[:7], "big") / (1 << 56)


def fault(settings: OfflineSettings, digest: str, arrival: int, role: Role) -> Fault | None:
    """What goes wrong with the request of that hash when it comes for the `arrival`-th time.

    Arrivals of one and the same request are counted, because a fault that hit its every repeat
    could never be waited out; those of different requests do not influence each other.
    """
    if settings.fault_role not in (None, role):
        return None
    for kind, one_in in settings.faults.items():
        passed = kind in PASSING and arrival > settings.fault_arrivals
        if not passed and draw("fault", kind, settings.seed, digest) * one_in < 1:
            return kind
    return None


def seconds(settings: OfflineSettings, digest: str, arrival: int) -> float:
    """How long an answer takes."""
    longer = settings.jitter_ms * draw("seconds", settings.seed, digest, arrival)
    return (settings.latency_ms + longer) / 1000


def noisy(settings: OfflineSettings, digest: str, label: str, labels: tuple[str, ...]) -> str:
    """The label, or with the probability of `noise` any other."""
    others = [other for other in labels if other != label]
    if not others or draw("noise", settings.seed, digest) >= settings.noise:
        return label
    return others[int(draw("other", settings.seed, digest) * len(others))]
