"""Plays a town through a bridge and a server that are killed on the way, and compares the results."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, create_engine, func, inspect, select

from envrules.client import Client
from envrules.v1 import decisions_pb2, standings_pb2
from envrules_grid_platform.bridge_tables import BridgeTables, chunks
from envrules_grid_platform.rehearsal import direct
from envrules_grid_platform.rehearsal.platform import CODES, TABLES, apply, create, write_files
from envrules_grid_platform.rehearsal.processes import Process, Server, bridge, client_of, ended
from envrules_grid_platform.rehearsal.town import Town, Write, town

BRIDGED, DIRECT, SCHEME, SCORE = "bridged", "direct", "pinggu", "colours"
PERIODS = ("2025-07", "2025-08")
_ZONE = ZoneInfo("Asia/Shanghai")
_BEGIN = "2025-06-30 00:00"
_COMMIT = 200
"""Writes in one of the platform's transactions."""
_GLANCE = 0.2
Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    writes: int
    unreadable: int
    parked_rows: int
    sent: int
    late: int
    decisions: int
    kills: int
    standings: dict[tuple[str, str], tuple[Any, ...]]
    """Period and unit → what was written back."""
    evaluated: dict[tuple[str, str], tuple[Any, ...]]
    """The same by direct evaluation."""
    effective: Counter[tuple[Any, ...]]
    """What holds about cases, as it was written back."""
    decided: Counter[tuple[Any, ...]]
    """The same by direct evaluation."""
    seconds: dict[str, float]

    @property
    def equal(self) -> bool:
        """Whether the two agree."""
        return self.standings == self.evaluated and self.effective == self.decided


def play(
    folder: Path, url: str, *, seed: int, cases: int, kills: int = 4, batch: int = 500,
    say: Say = lambda _: None,
) -> Outcome:  # fmt: skip
    """Play a town of `cases` on the host database `url`, with a server in `folder`."""
    made = town(seed, cases)
    codes = folder / "pinggu.codes.yaml"
    codes.write_text(CODES, encoding="utf-8")
    server = Server(folder, [f"{BRIDGED}={SCHEME}", f"{DIRECT}={SCHEME}"], codes, _BEGIN)
    config = write_files(folder, url, server.address, BRIDGED, batch=batch)
    engine, tables = create_engine(url), BridgeTables("envrules_")
    running = bridge(config, "run", folder / "bridge.log")
    last = bridge(config, "once", folder / "bridge.log")
    seconds: dict[str, float] = {}
    try:
        create(engine)
        with ended(server, running, last):
            server.start()
            running.start()
            at = time.monotonic()
            chosen = random.Random(seed).sample(range(1, 50), kills)
            for done, whom in _written(engine, made.writes, chosen, kills):
                _wait_read(engine, tables, running, share=done)  # in the middle of its work
                say(f"{done:.0%} written; the {whom} is killed")
                victim = server if whom == "server" else running
                victim.end(signal.SIGKILL)
                victim.start()
            seconds["write"] = time.monotonic() - at
            say(f"all written in {seconds['write']:.0f} s; waiting for the bridge")
            _wait_read(engine, tables, running)
            if running.end(signal.SIGTERM):
                raise RuntimeError(f"the bridge did not stop in order, see {running.log}")
            _finish(last)
            seconds["bridge"] = time.monotonic() - at
            say(f"bridged after {seconds['bridge']:.0f} s; evaluating the truth directly")
            at = time.monotonic()
            with client_of(server) as client:
                _evaluate(client, engine, tables, made)
                seconds["direct"] = time.monotonic() - at
                return _outcome(client, engine, tables, made, kills, seconds)
    finally:
        engine.dispose()


def _written(
    engine: Engine, writes: list[Write], chosen: list[int], kills: int
) -> Iterator[tuple[float, str]]:
    """Write all; yield when somebody is to be killed: the share written, and who."""
    batches = list(chunks(writes, _COMMIT))
    when = {len(batches) * at // 50: n for n, at in enumerate(sorted(chosen))}
    for n, some in enumerate(batches):
        with engine.begin() as connection:
            apply(connection, some)
        if n in when and kills:
            yield n / len(batches), ("bridge", "server")[when[n] % 2]


def _wait_read(engine: Engine, tables: BridgeTables, running: Process, share: float = 1) -> None:
    """Wait until the bridge has read this share of what is written; when all, sent it as well."""
    flow = TABLES["flow"]
    while running.finished() is None:
        if inspect(engine).has_table(tables.outbox.name):
            with engine.connect() as connection:
                there, seen, waiting = (
                    connection.scalar(select(func.count()).select_from(table)) or 0
                    for table in (flow, tables.seen, tables.outbox)
                )
            if seen >= share * there and not (share == 1 and waiting):
                return
        time.sleep(_GLANCE)
    raise RuntimeError(f"the bridge ended, see {running.log}")


def _finish(last: Process) -> None:
    last.start()
    code = last.wait()
    if code not in (0, 1):  # 1: rows are parked, as some are to be
        raise RuntimeError(f"the last round failed, see {last.log}")


def _evaluate(client: Client, engine: Engine, tables: BridgeTables, made: Town) -> None:
    """Send the truth to the other locality, up to the bridge's watermark, and wait for its judgement."""
    with engine.connect() as connection:
        until = connection.scalar(select(tables.bridge.c.watermark))
    assert until is not None
    direct.send(client, DIRECT, made.truth, until)
    seen = client.locality(DIRECT)
    while seen.projected_seq < seen.head_seq:
        time.sleep(_GLANCE)
        seen = client.locality(DIRECT)


def _outcome(
    client: Client, engine: Engine, tables: BridgeTables, made: Town, kills: int,
    seconds: dict[str, float],
) -> Outcome:  # fmt: skip
    with engine.connect() as connection:
        row = connection.execute(select(tables.bridge)).mappings().one()
        written = connection.execute(select(tables.standing)).mappings().all()
        d = tables.decision
        columns = [d.c[name] for name in _COMPARED]
        cases = select(*columns).where(d.c.holds, d.c.case_no != "")
        effective = Counter(tuple(found) for found in connection.execute(cases))
        parked = connection.scalar(select(func.count()).select_from(tables.parked)) or 0
    decided = Counter(_decided(one) for one in client.list_decisions(DIRECT) if one.issues)
    return Outcome(
        writes=len(made.writes), unreadable=made.unreadable, parked_rows=parked,
        sent=row["sent"], late=row["late"], decisions=row["cursor"], kills=kills,
        standings={(s["period"], s["unit"]): _shown(s) for s in written},
        evaluated={
            (period, s.unit): _seen(s) for period in {*PERIODS, *(s["period"] for s in written)}
            for s in client.standings(DIRECT, SCHEME, SCORE, period)
        },
        effective=effective, decided=decided, seconds=seconds,
    )  # fmt: skip


_COMPARED = (
    "rule", "kind", "case_no", "outcome", "unit", "period", "points", "at", "publication", "title",
)  # fmt: skip


def _decided(one: decisions_pb2.Decision) -> tuple[Any, ...]:
    """Return what is compared of a decision; ids and reasons name events, which differ."""
    at = one.at.ToDatetime(UTC).astimezone(_ZONE).replace(tzinfo=None)
    how = decisions_pb2.Publication.Name(one.publication).removeprefix("PUBLICATION_").lower()
    return (
        one.slot.rule, one.kind, one.issues[0], one.outcome, one.unit, one.period, one.points,
        at if one.HasField("at") else None, how, one.title,
    )  # fmt: skip


def _shown(s: Any) -> tuple[Any, ...]:
    return s["assessment"], s["points"], s["band"], s["rank"], s["ranked"]


def _seen(s: standings_pb2.Standing) -> tuple[Any, ...]:
    assessment = standings_pb2.Assessment.Name(s.assessment).removeprefix("ASSESSMENT_").lower()
    return assessment, s.points, s.band.id, s.rank if s.HasField("rank") else None, s.ranked
