"""`envrules submit` and `envrules watermark`: events in, and how far they reach."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import tzinfo
from enum import StrEnum
from typing import Annotated

import typer

from envrules.cli.event_files import RawEvent, read_event_file
from envrules.cli.server import (
    DEFAULT_ADDRESS,
    AsName,
    Client,
    ServerAddress,
    connected,
    instant_of,
)
from envrules.cli.shell import (
    REFUSED,
    USAGE,
    AsJson,
    Failure,
    LocalityArg,
    say,
    show_json,
    show_json_line,
)
from envrules.model.events import Event
from envrules.report import as_plain
from envrules.report.tables import local
from envrules.v1 import event_service_pb2 as pb
from envrules.wire.events_json import parse_event
from envrules.wire.problems import Invalid, problem_to_proto

_IN_BATCH = re.compile(r"^events\[\d+\]\.?")
BATCH = 500
"""Events in one message of the stream."""


class Wait(StrEnum):
    """What a receipt waits for."""

    STORED = "stored"
    DECIDED = "decided"


def submit(
    file: Annotated[str, typer.Argument(help="Events as JSON, JSON lines or YAML; - reads stdin.")],
    locality: Annotated[
        str, typer.Option("--locality", "-l", help="Locality (slug), unless the file names it.")
    ] = "",
    wait: Annotated[Wait, typer.Option(help="What a receipt waits for.")] = Wait.STORED,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Send events; print a receipt for each, and all that is wrong with those refused.

    A bad event refuses only itself. Sending a file again is harmless: what is stored already
    comes back as a duplicate. Local times are those of the locality.
    """
    given = read_event_file(file)
    target = locality or given.locality
    if not target:
        raise Failure("no locality", "name it with --locality, or in the file", USAGE)
    counts: Counter[str] = Counter()
    with connected(server, principal) as client:
        for place, receipt in _sent(client, target, given.events, wait is Wait.DECIDED):
            counts[_word(receipt)] += 1
            if as_json:
                show_json_line({"place": place, **as_plain(receipt)})
            else:
                _print(place, receipt)
    told = [f"{counts[word]} {word}" for word in ("stored", "duplicate", "refused") if counts[word]]
    say(f"{target}: {', '.join(told) or 'no events'}")
    if counts["refused"]:
        raise typer.Exit(REFUSED)


def _sent(
    client: Client, locality: str, given: list[RawEvent], decided: bool
) -> Iterator[tuple[str, pb.Receipt]]:
    """Send the events that can be read; yield a receipt for each, refusals of our own included."""
    zone = client.zone(locality)
    good: list[tuple[str, Event]] = []
    for raw in given:
        read = _read(raw, zone)
        if isinstance(read, pb.Receipt):
            yield raw.place, read
        else:
            good.append((raw.place, read))
    starts = range(0, len(good), BATCH)
    batches = ([event for _, event in good[start : start + BATCH]] for start in starts)
    places = iter([place for place, _ in good])
    for receipts in client.stream(locality, batches, decided=decided):
        for receipt in receipts:
            yield next(places), receipt


def _read(raw: RawEvent, zone: tzinfo) -> Event | pb.Receipt:
    """Return the event, or the receipt that refuses it."""
    try:
        return parse_event(raw.data, zone)
    except Invalid as error:
        name = raw.data.get("id") if isinstance(raw.data, dict) else ""
        return pb.Receipt(
            event_id=name if isinstance(name, str) else "", status=pb.RECEIPT_STATUS_REFUSED,
            problems=map(problem_to_proto, error.problems),
        )  # fmt: skip


def _word(receipt: pb.Receipt) -> str:
    return pb.ReceiptStatus.Name(receipt.status).removeprefix("RECEIPT_STATUS_").lower()


def _print(place: str, receipt: pb.Receipt) -> None:
    seq = [f"#{receipt.seq}"] if receipt.seq else []
    print(receipt.event_id or place, _word(receipt), *seq, *receipt.decision_ids)
    for problem in receipt.problems:
        # The server counts within a message of the stream; the place in the file is ours.
        print(f"  {place}: {_IN_BATCH.sub('', problem.field)} {problem.message}")


def watermark(
    locality: LocalityArg,
    source: Annotated[str, typer.Argument(help="Source system: the `source` of its events.")],
    until: Annotated[
        str, typer.Argument(help="All that occurred before this moment has been sent.")
    ] = "",
    release: Annotated[
        bool, typer.Option(help="The source has ended and holds the time back no longer.")
    ] = False,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Say how far a source has sent everything: deadlines fire up to there and no further."""
    if release == bool(until):
        raise Failure("give either a moment or --release", code=USAGE)
    with connected(server, principal) as client:
        zone = client.zone(locality)
        moment = None if release else instant_of(until, zone, "until")
        response = client.advance(locality, source, moment)
    if as_json:
        show_json(as_plain(response, zone))
        return
    now = local(response.now, zone) if response.HasField("now") else "before the first tick"
    held = f", held by {response.held_by}" if response.held_by else ""
    print(f"{locality}: it is {now}{held}")
