"""Reaching a server, for the commands that talk to one, and saying why when it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from typing import Annotated

import grpc
import typer

from envrules import client
from envrules.cli.credentials import GIVEN
from envrules.cli.shell import REFUSED, UNREACHABLE, USAGE, Failure, zone_of
from envrules.client import CallFailed
from envrules.credentials import BadCredentials
from envrules.model.base import Instant
from envrules.v1 import (
    ruleset_service_pb2,
    rulesets_pb2,
    standing_service_pb2,
    standings_pb2,
)
from envrules.wire.problems import Invalid
from envrules.wire.times import parse_instant

DEFAULT_ADDRESS = "127.0.0.1:50051"

ServerAddress = Annotated[
    str,
    typer.Option(
        "--server", envvar="ENVRULES_SERVER", metavar="ADDRESS", help="Address of the server."
    ),
]
AsName = Annotated[
    str,
    typer.Option(
        "--as", envvar="ENVRULES_AS", metavar="NAME",
        help="Principal that calls; who submits does not approve.",
    ),
]  # fmt: skip

_GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_WRONG = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAUTHENTICATED)


class Client(client.Client):
    """The client with what only the command line asks for."""

    def zone(self, locality: str) -> tzinfo:
        """Return the time zone in which a locality's times are shown."""
        return zone_of(self.locality(locality).timezone)

    def scores(self, locality: str, scheme: str) -> list[str]:
        """Return the scores of a scheme as it is in force in a locality."""
        request = ruleset_service_pb2.GetRulesetRequest(locality=locality, scheme=scheme)
        return list(self._call(self.ruleset_stub.GetRuleset, request).ruleset.scores)

    def code_table(self, locality: str, scheme: str) -> rulesets_pb2.RulesetFile | None:
        """Return the table of the host's codes in force, if there is one."""
        request = ruleset_service_pb2.GetRulesetRequest(locality=locality, scheme=scheme)
        ruleset = self._call(self.ruleset_stub.GetRuleset, request).ruleset
        return ruleset.code_table if ruleset.HasField("code_table") else None

    def standings_read(
        self, request: standing_service_pb2.ListStandingsRequest
    ) -> tuple[standings_pb2.Reading, list[standings_pb2.Standing]]:
        """Return all pages of standings, and on what they rest."""
        found: list[standings_pb2.Standing] = []
        while True:
            response = self._call(self.standing_stub.ListStandings, request)
            found += response.standings
            if not response.next_page_token:
                return response.reading, found
            request.page_token = response.next_page_token


@contextmanager
def connected(address: str, principal: str = "") -> Iterator[Client]:
    """Talk to a server for a while.

    Raises:
        Failure: it does not answer, or refuses a call.
    """
    try:
        # A person is told at once that the server is not there.
        with Client.connect(address, GIVEN.get(), principal=principal, retry=False) as connection:
            yield connection
    except BadCredentials as error:
        raise Failure(str(error), "see envrules --help", USAGE) from None
    except CallFailed as error:
        raise failure_of(error, address) from None


def failure_of(error: CallFailed, address: str) -> Failure:
    """Return what a failed call means to the person who made it."""
    said = str(error).partition(": ")[2] or error.code.name
    if error.code in _GONE and not error.reason:
        fix = "start one with `envrules serve`, or name it with --server"
        return Failure(f"no server answers at {address}", fix, UNREACHABLE)
    if error.code in _GONE:
        return Failure(f"{address}: {said}", "try again in a moment", UNREACHABLE)
    return Failure(said, error.message_zh, USAGE if error.code in _WRONG else REFUSED)


def instant_of(text: str, zone: tzinfo, option: str) -> Instant:
    """Return the instant that an option or argument names.

    Raises:
        Failure: it names none.
    """
    try:
        return parse_instant(text, zone)
    except Invalid as error:
        raise Failure(f"{option}: {error.problems[0].message}", code=USAGE) from None
