"""The bridge beside a real server: what the host can read afterwards."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from envrules_grid_platform.bridge import Bridge
from envrules_grid_platform.bridge_tables import BridgeTables, Refused
from envrules_grid_platform.cli import app
from envrules_grid_platform.config import load
from envrules_grid_platform.rehearsal.platform import CODES, TABLES, apply, create, write_files
from envrules_grid_platform.rehearsal.processes import Server, bridge, client_of, ended
from envrules_grid_platform.rehearsal.town import LEDGER, UNITS, Write
from sqlalchemy import Engine, create_engine, select, update
from typer.testing import CliRunner

from envrules.client import Client

MORNING = datetime(2025, 7, 3, 9)  # noqa: DTZ001 - the town's own time, as all in this file
LOCALITIES = [f"town{n}" for n in range(6)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server with several localities, one for each test."""
    folder = tmp_path_factory.mktemp("server")
    codes = folder / "codes.yaml"
    codes.write_text(CODES, encoding="utf-8")
    made = Server(folder, [f"{name}=pinggu" for name in LOCALITIES], codes, "2025-06-30 00:00")
    with ended(made):
        made.start()
        yield made


@pytest.fixture(scope="module")
def names() -> Iterator[str]:
    """Give names of localities, none twice."""
    return iter(LOCALITIES)


@dataclass
class Town:
    """A host, and its bridge."""

    folder: Path
    engine: Engine
    file: Path
    client: Client
    locality: str
    flow: int = 0

    def __post_init__(self) -> None:
        self.tables = BridgeTables("envrules_")

    def write(self, *writes: Write) -> None:
        """Let the host commit."""
        with self.engine.begin() as connection:
            apply(connection, writes)

    def case(self, number: int, **fields: Any) -> Write:
        """A case, found at nine."""
        row = {"case_no": case_no(number), "object_class": "事件", "large_class": "01",
               "handling_unit": "D01",
               "small_class": "0101", "source": "01", "place": "1", "reported_at": MORNING}  # fmt: skip
        return Write(MORNING, "case", row | fields)

    def step(self, number: int, action: str, at: datetime, **fields: Any) -> Write:
        """A flow record."""
        self.flow += 1
        row = {"flow_id": self.flow, "case_no": case_no(number), "action": action,
               "occurred_at": at, "recorded_at": at}  # fmt: skip
        return Write(at, "flow", row | fields)

    def handled(self, number: int, closed: datetime) -> list[Write]:
        """A case from finding to closing."""
        ledger = dict.fromkeys(LEDGER.values(), "有")
        hour = timedelta(hours=1)
        return [
            self.case(number), self.step(number, "上报", MORNING),
            self.step(number, "立案", MORNING + hour, **ledger),
            self.step(number, "派遣", MORNING + 2 * hour, to_unit="D01"),
            self.step(number, "处置", closed - timedelta(minutes=1)),
            self.step(number, "结案", closed),
        ]  # fmt: skip

    def once(self) -> int:
        """Run the command once; return its exit code."""
        self.said = CliRunner().invoke(app, ["once", "--config", str(self.file)])
        return self.said.exit_code

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """Rows that the bridge wrote for the host."""
        found = getattr(self.tables, table)
        with self.engine.connect() as connection:
            query = select(found).where(*(found.c[name] == value for name, value in where.items()))
            return [dict(row) for row in connection.execute(query).mappings()]


def case_no(number: int) -> str:
    """A case number."""
    return f"11011720250703{number:05d}"


@pytest.fixture
def town(host_url: str, tmp_path: Path, server: Server, names: Iterator[str]) -> Iterator[Town]:
    """Give a host with its units, and a locality of its own."""
    locality = next(names)
    file = write_files(tmp_path, host_url, server.address, locality)
    engine = create_engine(host_url)
    create(engine)
    with client_of(server) as client:
        made = Town(tmp_path, engine, file, client, locality)
        made.write(*(
            Write(MORNING, "unit", {"unit": unit, "since": datetime(2025, 1, 1), "title": f"{unit}部",  # noqa: DTZ001
                                    "type": "01"}) for unit in UNITS[:2]
        ))  # fmt: skip
        yield made
    engine.dispose()


def test_decisions_and_standings_are_written_back(town: Town) -> None:
    """Slots with history, standings by unit and period, open and closed, and codes nobody knows."""
    evening, tomorrow = MORNING.replace(hour=18), MORNING + timedelta(days=1)
    town.write(*town.handled(1, evening), *town.handled(2, tomorrow))
    town.write(town.case(3, small_class="0999"), town.step(3, "上报", tomorrow))
    assert town.once() == 0, town.said.output
    overnight = {
        row["case_no"]: row for row in town.rows("decision", rule="deadlines.overnight", holds=True)
    }
    assert overnight[case_no(1)]["outcome"] == "on_time"
    late = overnight[case_no(2)]
    assert (late["outcome"], late["unit"], late["at"]) == ("overdue", "D01", datetime(2025, 7, 4))  # noqa: DTZ001
    assert json.loads(town.rows("history", decision_seq=late["decision_seq"])[0]["body"])["steps"]
    first = town.rows("standing", period="2025-07", unit="D01")[0]
    assert (first["points"], first["band"], first["closed"]) == ("50.00", "red", False)
    assert town.rows("standing", period="2025-07", unit="D02")[0]["assessment"] != "assessed"
    assert [(c["small_class"], c["findings"]) for c in town.rows("unknown")] == [("0999", 1)]

    handled, closed = town.flow - 2, town.flow - 1
    town.write(
        town.step(2, "处置", MORNING.replace(hour=19), corrects=handled),
        town.step(2, "结案", MORNING.replace(hour=20), corrects=closed),
    )
    town.write(town.step(3, "处置", datetime(2025, 8, 2, 12)))  # noqa: DTZ001 - time goes on
    assert town.once() == 0, town.said.output
    town.client.close_period(town.locality, "pinggu", "2025-07")
    assert town.once() == 0, town.said.output
    last = town.rows("standing", period="2025-07", unit="D01")[0]
    assert (last["points"], last["closed"]) == ("100.00", True)
    history = town.rows("history", slot=late["slot"])
    assert [row["version"] for row in history] == [*range(1, len(history) + 1)]
    assert town.rows("decision", slot=late["slot"])[0]["outcome"] == "on_time"


def test_writing_back_is_one_transaction_with_its_cursor(town: Town) -> None:
    """The host's copy is what the server tells, each version once, however often it is asked."""
    town.write(*town.handled(1, MORNING.replace(hour=18)))
    assert town.once() == 0, town.said.output
    told = list(town.client.list_decisions(town.locality, history=True))
    written = town.rows("history")
    assert [row["decision_id"] for row in written] == [one.id for one in told]
    assert town.once() == 0
    assert town.rows("history") == written
    with town.engine.begin() as connection:
        connection.execute(update(town.tables.bridge).values(cursor=len(told) + 1))
    assert town.once() == 2
    assert "were written back: this is not the server" in town.said.output


def test_parked_rows_are_told(town: Town) -> None:
    """Host's and server's reasons stand in one table and in the command's answer; its code is 1."""
    town.write(*town.handled(1, MORNING.replace(hour=18)))
    town.write(town.case(2, longitude="117。1"), town.step(2, "上报", MORNING),
               town.case(3, grid="网\u200b格"), town.step(3, "上报", MORNING))  # fmt: skip
    assert town.once() == 1
    said = {(row["host_row"], row["host_column"]): row for row in town.rows("parked")}
    assert {key[0] for key in said} == {case_no(2), case_no(3)}
    assert said[case_no(2), "longitude"]["reason_zh"] == "不是数"
    assert f"t_rec {case_no(2)} longitude '117。1': is not a number" in town.said.output
    assert said[case_no(3), "issue_found.grid"]["reason_zh"]
    town.write(
        Write(MORNING, "case", {"case_no": case_no(2), "longitude": None}, update=True),
        Write(MORNING, "case", {"case_no": case_no(3), "grid": "网格"}, update=True),
    )
    assert town.once() == 0, town.said.output
    assert len(town.rows("decision", rule="deadlines.overnight", holds=True)) == 3
    status = CliRunner().invoke(app, ["status", "--config", str(town.file)])
    assert status.exit_code == 0
    assert "fields parked" in status.output


def test_tables_of_another_locality_are_refused(host_url: str, tmp_path: Path) -> None:
    """Two localities on one host need two prefixes, and a newer bridge's tables a newer bridge."""
    engine, tables = create_engine(host_url), BridgeTables("envrules_")
    create(engine)
    tables.create(engine, "one")
    with Client.connect("127.0.0.1:1") as client:
        config = load(write_files(tmp_path, host_url, "127.0.0.1:1", "two"))
        with pytest.raises(Refused, match="belong to locality one, not to two"):
            Bridge(config, engine, client)
    with engine.begin() as connection:
        connection.execute(update(tables.bridge).values(version=99))
    with pytest.raises(Refused, match="of version 99, and this bridge knows 1"):
        tables.create(engine, "one")
    engine.dispose()


@pytest.mark.parametrize("host_url", ["sqlite"], indirect=True)
def test_what_the_host_lacks_is_said_by_line(host_url: str, tmp_path: Path) -> None:
    """Missing tables and columns are named at the line of the configuration that wants them."""
    file = write_files(tmp_path, host_url, "127.0.0.1:1", "town")
    wanted = file.read_text(encoding="utf-8")
    file.write_text(wanted.replace("case_no: task_num", "case_no: tasknr", 1), encoding="utf-8")
    engine = create_engine(host_url)
    create(engine)
    TABLES["unit"].drop(engine)
    said = CliRunner().invoke(app, ["once", "--config", str(file)])
    engine.dispose()
    assert said.exit_code == 2
    assert ":13:7: tables.case.columns.case_no: t_rec has no column tasknr" in said.output
    assert "tables.unit.name: the database has no table or view t_dept" in said.output


@pytest.mark.parametrize("host_url", ["sqlite"], indirect=True)
def test_a_running_bridge_waits_for_its_server_and_stops_in_order(
    host_url: str, tmp_path: Path
) -> None:
    """Without a server it says so and goes on trying; SIGTERM ends it with code 0."""
    engine = create_engine(host_url)
    create(engine)
    file = write_files(tmp_path, host_url, "127.0.0.1:1", "town", idle="clock")
    process = bridge(file, "run", tmp_path / "bridge.log")
    with ended(process):
        process.start()
        while "UNAVAILABLE" not in process.log.read_text(encoding="utf-8"):
            assert process.finished() is None, process.log.read_text(encoding="utf-8")
        assert process.end(signal.SIGTERM) == 0
    engine.dispose()
    assert process.log.read_text(encoding="utf-8").strip().endswith("stopped")


@pytest.mark.parametrize(
    ("config", "said", "code"),
    [
        ("database: {url: 'nosuch://x'}", "no driver for this database", 2),
        ("database: {url: 'sqlite:////nosuch/folder/host.db'}", "unable to open database file", 3),
    ],
)
def test_a_database_that_is_not_there_is_no_traceback(
    tmp_path: Path, config: str, said: str, code: int
) -> None:
    """Driver or file missing: one line that says so."""
    file = tmp_path / "bridge.yaml"
    file.write_text(f"locality: t\ntimezone: Asia/Shanghai\n{config}\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["status", "--config", str(file)])
    assert result.exit_code == code
    assert said in result.output
    assert "Traceback" not in result.output
