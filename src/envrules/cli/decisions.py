"""`envrules decisions`, `explain`, `approve`, `revoke`: read what was decided, and release it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from itertools import islice
from typing import Annotated, Any

import typer

from envrules.cli.server import DEFAULT_ADDRESS, AsName, Client, ServerAddress, connected
from envrules.cli.shell import (
    USAGE,
    AsJson,
    Failure,
    LocalityArg,
    say,
    show,
    show_json,
    show_json_line,
)
from envrules.report import as_plain, console, decision_line, decision_table, explanation
from envrules.v1 import decisions_pb2 as pb
from envrules.wire.decisions_out import PUBLICATIONS

ID_LENGTH = 24
"""Characters of a decision's whole id; fewer are the beginning of one."""
_PREFIX = 4
"""Characters that the beginning of an id has at least."""

Several = Annotated[list[str] | None, typer.Option(help="Only these.")]
DecisionArg = Annotated[
    str, typer.Argument(help="Id of the decision, or an unambiguous beginning of it.")
]
Reason = Annotated[str, typer.Option(help="Remark for the record.")]


def decisions(
    locality: LocalityArg,
    scheme: Several = None,
    rule: Annotated[
        list[str] | None, typer.Option(help="Rule such as lists.red, or all below lists.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Such as slip or deadline.")] = None,
    outcome: Annotated[list[str] | None, typer.Option(help="Such as overdue or red.")] = None,
    unit: Several = None,
    issue: Several = None,
    period: Several = None,
    publication: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(PUBLICATIONS)}.")
    ] = None,
    history: Annotated[bool, typer.Option(help="Every version, not only what stands.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the latest ones.")] = 50,
    watch: Annotated[bool, typer.Option(help="Print decisions as they are made.")] = False,
    after: Annotated[
        int | None, typer.Option(help="With --watch: from this cursor on, 0 from the beginning.")
    ] = None,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """List decisions, or follow them as they are made. Options may be repeated."""
    filters = _filters({
        "schemes": scheme, "rules": rule, "kinds": kind, "outcomes": outcome, "units": unit,
        "issues": issue, "periods": period, "publications": _publications(publication or ()),
    })  # fmt: skip
    with connected(server, principal) as client:
        zone = client.zone(locality)
        if watch:
            _watch(client, locality, after, filters, zone, as_json)
            return
        latest = client.list_decisions(locality, history=history, newest_first=True, **filters)
        found = list(islice(latest, limit + 1))
    shown = found[:limit][::-1]
    if as_json:
        show_json([as_plain(decision, zone) for decision in shown])
    else:
        show(decision_table(shown, zone))
    if len(found) > limit:
        say(f"only the latest {limit}: there are more, see --limit")


def _filters(given: Mapping[str, list[Any] | None]) -> dict[str, Any]:
    return {name: values for name, values in given.items() if values}


def _publications(words: tuple[str, ...] | list[str]) -> list[int]:
    numbers = {str(word): int(number) for word, number in PUBLICATIONS.items()}
    unknown = [word for word in words if word not in numbers]
    if unknown:
        raise Failure(f"--publication {unknown[0]}", f"there are: {', '.join(numbers)}", USAGE)
    return [numbers[word] for word in words]


def _watch(
    client: Client, locality: str, after: int | None, filters: dict[str, Any], zone: tzinfo,
    as_json: bool,
) -> None:  # fmt: skip
    """Print decisions for as long as the server sends them; say where to go on if it stops."""
    cursor = after or 0
    try:
        for response in client.watch(locality, after, **filters):
            for decision in response.decisions:
                if as_json:
                    show_json_line(as_plain(decision, zone))
                else:
                    console().print(decision_line(decision, zone), soft_wrap=True)
            cursor = response.cursor
    finally:
        say(f"go on with --watch --after {cursor}")


def explain(
    locality: LocalityArg,
    decision: DecisionArg,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Explain a decision: what, why, by which rule and value, from which clause and events."""
    with connected(server, principal) as client:
        zone = client.zone(locality)
        answer = client.decision(locality, whole_id(client, locality, decision))
    if as_json:
        show_json(as_plain(answer, zone))
    else:
        show(explanation(answer, zone))


def approve(
    locality: LocalityArg,
    decision: Annotated[list[str], typer.Argument(help="Ids, or unambiguous beginnings of them.")],
    reason: Reason = "",
    publish: Annotated[
        bool, typer.Option(help="Make them public as well; a slip is served by that.")
    ] = True,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Approve proposed decisions and make them public."""
    with connected(server, principal) as client:
        zone = client.zone(locality)
        released = [
            _released(client, locality, whole_id(client, locality, one), reason, publish)
            for one in decision
        ]
    _show_acts(released, zone, as_json)


def _released(
    client: Client, locality: str, decision_id: str, reason: str, publish: bool
) -> pb.Decision:
    """Approve and publish, going on from where the decision is."""
    current = client.decision(locality, decision_id).decision
    if current.publication == pb.PUBLICATION_APPROVED and publish:
        return client.make_public(locality, decision_id, reason)
    return client.approve(locality, decision_id, reason, publish=publish)


def revoke(
    locality: LocalityArg,
    decision: DecisionArg,
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Take a decision back, with a reason; nobody moves up in its place."""
    with connected(server, principal) as client:
        zone = client.zone(locality)
        revoked = client.revoke(locality, whole_id(client, locality, decision), reason)
    _show_acts([revoked], zone, as_json)


def _show_acts(done: list[pb.Decision], zone: tzinfo, as_json: bool) -> None:
    if as_json:
        show_json([as_plain(decision, zone) for decision in done])
    else:
        show(decision_table(done, zone))


def whole_id(client: Client, locality: str, given: str) -> str:
    """Return the id that begins with what was given.

    Raises:
        Failure: none does, or several do.
    """
    if len(given) >= ID_LENGTH:
        return given
    if len(given) < _PREFIX:
        raise Failure(f"{given!r} is too short", f"give at least {_PREFIX} characters", USAGE)
    every = client.list_decisions(locality, history=True, newest_first=True)
    found = list(islice((d for d in every if d.id.startswith(given)), 4))
    if not found:
        raise Failure(f"no decision of {locality} begins with {given}")
    if len(found) > 1:
        ids = ", ".join(decision.id for decision in found[:3])
        raise Failure(f"several decisions begin with {given}", f"{ids} ...", USAGE)
    return str(found[0].id)
