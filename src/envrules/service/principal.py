"""Who calls. The one place that knows how a caller proves who it is and what it may do.

With a file of tokens every call carries one, and it says who calls, in which roles and localities.
A locality outside them is answered for like one that does not exist. Without a file, which only
loopback is served by unless asked for by name, a caller names itself and holds every role
everywhere. Either way, who submits does not approve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import grpc

from envrules.model.base import Instant
from envrules.service.fields import SLUG
from envrules.service.refreshed import Refreshed
from envrules.service.status import Refusal
from envrules.service.tokens import EVERY_LOCALITY, Role, Token, parts_of, read_tokens
from envrules.store import UnknownLocality
from envrules.wire.problems import Invalid

METADATA_KEY = "envrules-principal"
AUTHORIZATION = "authorization"
ANYONE = "local"
"""The principal of a caller that does not name itself."""
EVERYWHERE = "*"
"""In place of a locality: all of them, also those that do not exist yet."""

Metadata: TypeAlias = Iterable[tuple[str, str | bytes]]

ROLES: Mapping[str, Role] = {
    "EventService/SubmitEvents": "submit",
    "EventService/StreamEvents": "submit",
    "EventService/AdvanceWatermark": "submit",
    "DecisionService/ListDecisions": "read",
    "DecisionService/GetDecision": "read",
    "DecisionService/WatchDecisions": "read",
    "DecisionService/ApproveDecision": "approve",
    "DecisionService/PublishDecision": "approve",
    "DecisionService/RevokeDecision": "approve",
    "StandingService/ListStandings": "read",
    "StandingService/GetStanding": "read",
    "StandingService/GetStatement": "read",
    "StandingService/ClosePeriod": "operate",
    "StandingService/GetPeriodReport": "read",
    "StandingService/GetMap": "read",
    "RulesetService/ListRulesets": "read",
    "RulesetService/GetRuleset": "read",
    "RulesetService/ValidateRuleset": "read",
    "RulesetService/DiffRulesets": "read",
    "RulesetService/PublishRuleset": "operate",
    "RulesetService/ListRevisions": "read",
    "RulesetService/ListUnknownCodes": "read",
    "RulesetService/SimulateRuleset": "read",
    "LocalityService/CreateLocality": "administer",
    "LocalityService/GetLocality": "read",
    "LocalityService/ListLocalities": "read",
    "LocalityService/SkipEntry": "administer",
    "EvaluationService/Evaluate": "read",
}
"""The role that each call needs. One that is not here is refused to everybody."""

_ALL_ROLES: frozenset[Role] = frozenset(ROLES.values())


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a call, and what it may do."""

    principal: str
    roles: frozenset[Role] = _ALL_ROLES
    localities: frozenset[str] | None = None
    """None: all of them."""
    token: str = ""
    """Public id of the token."""

    def sees(self, locality: str) -> bool:
        """Return whether a locality exists as far as this caller is concerned, if it does."""
        return self.localities is None or locality in self.localities

    def require(self, role: Role, locality: str = "") -> None:
        """Do nothing if the caller holds `role` in `locality`; in any, if that is empty.

        Raises:
            Refusal: PERMISSION_DENIED.
            UnknownLocality: the caller has no part in it, whether it exists or not.
        """
        if role not in self.roles:
            raise Refusal(
                grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING",
                f"{self.principal} does not hold the role {role}, which this call needs", role=role,
            )  # fmt: skip
        if locality == EVERYWHERE and self.localities is not None:
            raise Refusal(
                grpc.StatusCode.PERMISSION_DENIED, "NOT_EVERYWHERE",
                f"this call needs the role {role} in all localities", role=role,
            )  # fmt: skip
        if locality not in ("", EVERYWHERE) and not self.sees(locality):
            raise UnknownLocality(locality)


@dataclass(frozen=True, slots=True)
class _Known:
    """A token, and what it amounts to."""

    token: Token
    caller: Caller
    ends: Instant | None


class Principals:
    """Tells callers apart."""

    def __init__(
        self, file: Path | None = None, clock: Callable[[], Instant] = lambda: 0
    ) -> None:  # fmt: skip
        """Without a `file` of tokens callers are believed; `clock` says when tokens have expired.

        Raises:
            BadFile: the file cannot be used.
        """
        self.tokens: Refreshed[Mapping[str, _Known]] | None = None
        if file is not None:
            self.tokens = Refreshed("tokens", [file], lambda: _known(read_tokens(file)))
        self._clock = clock

    def caller(self, context: grpc.ServicerContext, role: Role, locality: str = "") -> str:
        """Return the principal of a call, once it is known to hold `role` in `locality`.

        `locality` is empty for calls that concern none: the role is then needed in any.

        Raises:
            Refusal: UNAUTHENTICATED, the caller does not say properly who it is;
                PERMISSION_DENIED.
            UnknownLocality: the caller has no part in the locality.
        """
        caller = self.of(context)
        caller.require(role, locality)
        return caller.principal

    def of(self, context: grpc.ServicerContext) -> Caller:
        """Return who makes a call; raises as `identify`."""
        return self.identify(context.invocation_metadata())

    def identify(self, metadata: Metadata) -> Caller:
        """Return who makes a call with these metadata.

        Raises:
            Refusal: UNAUTHENTICATED.
        """
        metadata = tuple(metadata)
        named = [value for key, value in metadata if key == METADATA_KEY]
        shown = [value for key, value in metadata if key == AUTHORIZATION]
        if self.tokens is not None:
            return self._by_token(self.tokens.now(), shown, named)
        if shown:
            raise _unauthenticated(
                "NO_TOKENS_HERE", "this server has no tokens: call it without authorization"
            )
        return Caller(_named(named) if named else ANYONE)

    def _by_token(
        self, tokens: Mapping[str, _Known], shown: list[str | bytes], named: list[str | bytes]
    ) -> Caller:
        """Return the caller whose token is shown. What is wrong with a token, nobody is told."""
        if not shown:
            raise _unauthenticated(
                "TOKEN_MISSING",
                "show a token in the metadata, as authorization: Bearer envrules_...",
            )
        scheme, _, text = str(shown[0]).partition(" ")
        name, secret = (
            parts_of(text) if scheme.lower() == "bearer" and len(shown) == 1 else ("", "")
        )
        known = tokens.get(name, _NOBODY)
        is_over = known.ends is not None and known.ends <= self._clock()
        if not known.token.opens_with(secret) or is_over:
            raise _unauthenticated("BAD_TOKEN", "the token is unknown, has expired or was revoked")
        if named and named != [known.caller.principal]:
            raise _unauthenticated(
                "BAD_PRINCIPAL", f"the token says who calls: leave out {METADATA_KEY}"
            )
        return known.caller


def _known(tokens: Mapping[str, Token]) -> Mapping[str, _Known]:
    known = {}
    for name, token in tokens.items():
        everywhere = token.localities == EVERY_LOCALITY
        localities = None if everywhere else frozenset(token.localities)
        caller = Caller(token.principal, frozenset(token.roles), localities, name)
        known[name] = _Known(token, caller, token.ends)
    return known


_NOBODY = _Known(Token("", "", (), (), "0" * 64, ""), Caller("", frozenset(), frozenset()), None)
"""Compared with in place of a token that is unknown: no secret hashes to this."""


def _named(named: list[str | bytes]) -> str:
    try:
        if len(named) == 1 and isinstance(named[0], str):
            return str(SLUG.read(named[0]))
    except Invalid:
        pass
    raise _unauthenticated(
        "BAD_PRINCIPAL", f"the metadata {METADATA_KEY} must be one slug, such as grid-platform"
    )


def _unauthenticated(reason: str, message: str) -> Refusal:
    return Refusal(grpc.StatusCode.UNAUTHENTICATED, reason, message)
