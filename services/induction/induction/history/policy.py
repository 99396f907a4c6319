"""Whether a failed idea is held against its like. Pure."""


def is_settled(*, fixed: int, broke: int) -> bool:
    """A change that broke at least as many cases as it fixed, over all the runs that tried it, is
    not tried again on the same prompt. One that fixed more than it broke failed for want of
    evidence, which may have been noise: a later run is free to try it."""
    return broke >= fixed
