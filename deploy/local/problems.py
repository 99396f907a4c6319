"""What can go wrong on one machine, as one line a person can act on."""


class LocalProblem(Exception):
    """Its text is the whole message; no traceback is owed to whoever reads it."""


class PortTaken(LocalProblem):
    def __init__(self, port: int, variable: str) -> None:
        super().__init__(f"port {port} is in use: stop what listens there, or set {variable}")


class ProgramMissing(LocalProblem):
    """A program of a wheel, or one expected on PATH, is not there."""


class ProcessDied(LocalProblem):
    def __init__(self, name: str, code: int | None, log: str) -> None:
        super().__init__(f"{name} ended unexpectedly (exit code {code}). Its last words:\n{log}")
