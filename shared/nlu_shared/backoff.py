"""How long to wait after failures in a row: the one formula, for whoever tries again. Pure.

Not here: whether to try again at all, and what a server asked for (`Retry-After`); each caller's
policy decides that.
"""


def backoff(
    failures: int, *, first: float, longest: float, factor: float = 2.0, jitter: float = 1.0
) -> float:
    """Seconds before the next try after `failures` in a row, counted from 1.

    `first` after the first, `factor` times as long after each further one, never over `longest`.
    `jitter`, from 0 to 1, spreads callers that failed together: 0 halves the wait, 1 leaves it.
    """
    grown = min(first * factor ** min(failures - 1, 32), longest)
    return grown * (0.5 + jitter / 2)
