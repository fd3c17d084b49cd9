"""What a caller of the runtime may be refused, and why. The service maps each to a gRPC status."""

from __future__ import annotations


class RuntimeRefusal(Exception):
    """A call that cannot be carried out; the message says why and what to do."""


class NotFound(RuntimeRefusal):
    """Nothing of that name exists here."""


class NotNow(RuntimeRefusal):
    """The state of the locality forbids it: the period is not over, the decision is not proposed."""


class NotAllowed(RuntimeRefusal):
    """The caller may not do this: who submits does not approve."""
