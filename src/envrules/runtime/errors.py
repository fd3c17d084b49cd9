"""What a caller of the runtime may be refused, and why. The service maps each to a gRPC status."""

from __future__ import annotations


class RuntimeRefusal(Exception):
    """A call that cannot be carried out; the message says why and what to do.

    `reason` is the same for programs: stable, and part of the API.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotFound(RuntimeRefusal):
    """Nothing of that name exists here."""


class NotNow(RuntimeRefusal):
    """The state forbids it: the period is not over, the decision is not proposed."""


class Superseded(RuntimeRefusal):
    """The decision is not the current version of its slot any more: read that one first."""


class NotAllowed(RuntimeRefusal):
    """The caller may not do this: who submits does not approve."""


class Stopping(RuntimeRefusal):
    """This process is going down and takes nothing more; another one will."""
