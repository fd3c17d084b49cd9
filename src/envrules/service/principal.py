"""Who calls. The one place that knows how a caller proves who it is and what it may do.

Until credentials exist, a caller names itself in the metadata and holds every role everywhere:
good for a server that only its own machine reaches. Who submits still does not approve.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import grpc

from envrules.service.fields import SLUG
from envrules.service.status import Refusal
from envrules.wire.problems import Invalid

Role: TypeAlias = Literal["submit", "read", "operate", "approve", "administer"]

METADATA_KEY = "envrules-principal"
ANYONE = "local"
"""The principal of a caller that does not name itself."""


class Principals:
    """Tells callers apart."""

    def caller(self, context: grpc.ServicerContext, role: Role, locality: str = "") -> str:
        """Return the principal of a call, once it is known to hold `role` in `locality`.

        `locality` is empty for calls that concern none: the role is then needed in any.

        Raises:
            Refusal: UNAUTHENTICATED, the caller does not say properly who it is.
        """
        named = [value for key, value in context.invocation_metadata() if key == METADATA_KEY]
        if not named:
            return ANYONE
        try:
            if len(named) == 1 and isinstance(named[0], str):
                return str(SLUG.read(named[0]))
        except Invalid:
            pass
        raise Refusal(
            grpc.StatusCode.UNAUTHENTICATED, "BAD_PRINCIPAL",
            f"the metadata {METADATA_KEY} must be one slug, such as grid-platform",
        )  # fmt: skip
