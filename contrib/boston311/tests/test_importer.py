"""The importer against a real server: order, resumption, months, and rows that cannot be sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from envrules_boston311.__main__ import app
from envrules_boston311.importer import Importer, Outcome, Stalled
from envrules_boston311.rows import read_folder
from envrules_boston311.timeline import month_of, timeline
from typer.testing import CliRunner

from envrules.credentials import Credentials
from envrules.hookspecs import SchemeSource, hookimpl
from envrules.model.events import Event
from envrules.plugin_manager import load_plugins
from envrules.service.tokens import EVERY_LOCALITY, Role, Token, editing, new_secret

MakeRow = Callable[..., dict[str, str]]
Write = Callable[..., Path]
Serve = Callable[..., Any]


@pytest.fixture
def folder(write: Write, row: MakeRow) -> Path:
    """Two files: on time, overdue, still open, without a target, and carried into April."""
    write(
        "baskets.csv",
        row("1", "03/02/2015 10:00:00 AM", "03/03/2015 10:00:00 AM", "03/03/2015 10:00:00 AM"),
        row("2", "03/02/2015 11:00:00 AM", "03/03/2015 11:00:00 AM", "03/20/2015 09:00:00 AM"),
        row("3", "03/30/2015 09:00:00 AM", "03/31/2015 09:00:00 AM"),
        row("4", "03/31/2015 04:00:00 PM", "04/01/2015 04:00:00 PM", "04/01/2015 03:00:00 PM"),
    )
    return write(
        "other.csv",
        row(
            "5",
            "03/10/2015 08:00:00 PM",
            "",
            "03/25/2015 09:00:00 AM",
            "Ground Maintenance",
            "PARK",
        ),
        row("6", "03/02/2015 10:00:00 AM", "", "", "Litter Basket Maintenance"),
        row(
            "7", "04/06/2015 10:00:00 AM", "04/20/2015 08:30:00 AM", "", "Graffiti Removal", "PROP"
        ),
    )


EXPECTED = {
    "1": "on_time", "2": "overdue", "3": "overdue", "4": "on_time", "5": "on_time",
    "6": "on_time", "7": "running",
}  # fmt: skip


def bring(running: Any, folder: Path, month: str = "", **options: Any) -> Outcome:
    """Import a folder."""
    line = timeline(read_folder(folder).requests, month_of(month) if month else None)
    return Importer(running.client, "boston").run(line, **options)


def test_everything_is_sent_in_order(serve: Serve, folder: Path) -> None:
    """Each request is judged as the city would, nothing is ever taken back, and time is where the files end."""
    running = serve()
    told: list[int] = []
    outcome = bring(running, folder, stored=told.append)
    assert (outcome.stored, outcome.known, outcome.late, outcome.refused) == (14, 0, 0, [])
    assert sum(told) == 14
    assert running.closings() == EXPECTED
    assert running.taken_back() == []
    assert outcome.locality is not None
    assert outcome.locality.now.ToDatetime(UTC) == datetime(2015, 4, 7, 4, tzinfo=UTC)
    assert outcome.locality.projected_seq == outcome.locality.head_seq


def test_deadlines_pass_in_order(serve: Serve, folder: Path) -> None:
    """Who watches sees a deadline pass before what happened after it, not in a heap at the end."""
    running = serve()
    bring(running, folder)
    history = [(d.issues[0], d.outcome) for d in running.decisions(history=True)]
    assert history.index(("2", "overdue")) < history.index(("5", "running"))
    assert history.index(("5", "overdue")) < history.index(("3", "running"))
    assert history.index(("3", "overdue")) < history.index(("7", "running"))


def test_again_sends_nothing_new(serve: Serve, folder: Path) -> None:
    """A second run stores no event and changes no decision."""
    running = serve()
    bring(running, folder)
    before = running.decisions(history=True)
    outcome = bring(running, folder)
    assert (outcome.stored, outcome.known, outcome.late) == (0, 14, 0)
    assert running.decisions(history=True) == before


def test_goes_on_after_an_interruption(serve: Serve, folder: Path) -> None:
    """A run that breaks off is completed by the next, and the decisions are the same as in one go."""
    running = serve()

    def break_off(_events: int) -> None:
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            bring(running, folder, size=1, stored=break_off)
    outcome = bring(running, folder, size=2)
    assert outcome.stored > 0
    assert outcome.known > 0
    assert outcome.stored + outcome.known == 14
    assert outcome.late == 0
    assert running.closings() == EXPECTED
    assert running.taken_back() == []


def test_months_in_turn(serve: Serve, folder: Path) -> None:
    """After March its open requests stand as they did then; after April all is as in one go."""
    running = serve()
    march = bring(running, folder, "2015-03")
    assert march.locality is not None
    assert march.locality.now.ToDatetime(UTC) == datetime(2015, 4, 1, 4, tzinfo=UTC)
    assert running.closings() == {k: v for k, v in EXPECTED.items() if k != "7"} | {"4": "running"}
    april = bring(running, folder, "2015-04")
    assert april.late == 0
    assert march.stored + april.stored == 14
    assert running.closings() == EXPECTED | {"7": "overdue"}  # until the end of April
    assert running.taken_back() == []


def test_late_rows_are_counted(serve: Serve, folder: Path, write: Write, row: MakeRow) -> None:
    """What comes after the locality's time has passed it is stored, judged and counted as late."""
    running = serve()
    bring(running, folder)
    write(
        "late.csv",
        row("8", "03/03/2015 10:00:00 AM", "03/04/2015 10:00:00 AM", "03/04/2015 09:00:00 AM"),
    )
    outcome = bring(running, folder)
    assert (outcome.stored, outcome.late) == (2, 2)
    assert running.closings() == EXPECTED | {"8": "on_time"}


def test_released(serve: Serve, folder: Path) -> None:
    """Released, time runs on to the present and stays there, also when the files are sent again."""
    running = serve()
    outcome = bring(running, folder, release=True)
    assert outcome.locality is not None
    assert list(outcome.locality.sources) == []
    again = bring(running, folder)
    assert again.locality is not None
    assert list(again.locality.sources) == []
    assert again.stored == 0
    assert running.closings() == EXPECTED | {"7": "overdue"}


class Broken:
    """A plugin whose hook raises."""

    def __init__(self, ruleset: Path) -> None:
        self.ruleset = ruleset

    @hookimpl
    def envrules_scheme(self) -> SchemeSource:
        """Declare the scheme `broken`."""
        return SchemeSource("broken", self.ruleset)

    @hookimpl
    def envrules_classify(self, scheme: str, event: Event) -> Event | None:
        """Raise."""
        raise RuntimeError(f"{scheme} cannot read {event.id}")


def test_a_stalled_locality_is_reported(serve: Serve, folder: Path, tmp_path: Path) -> None:
    """Where a hook raises, the importer says at which log entry and why, and does not wait for ever."""
    text = load_plugins().schemes["boston311"].ruleset.read_text(encoding="utf-8")
    ruleset = tmp_path / "broken.yaml"
    ruleset.write_text(text.replace("ruleset: boston311", "ruleset: broken"), encoding="utf-8")
    running = serve(Broken(ruleset))
    line = timeline(read_folder(folder).requests, None)
    with pytest.raises(Stalled, match="broken cannot read 1-opened"):
        Importer(running.client, "boston", "broken").run(line)


# ── the command ──


def command(*arguments: object) -> Any:
    """Run `python -m envrules_boston311` with these arguments."""
    return CliRunner().invoke(app, ["import", *map(str, arguments)])


def test_command(serve: Serve, folder: Path) -> None:
    """The command ends with 0 and a summary: what was stored, and how far time has come."""
    running = serve()
    done = command(folder, "--server", running.address, "--month", "2015-03")
    assert done.exit_code == 0, done.output
    figures = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines()[:6])
    assert {name.strip(): int(n) for name, n in figures.items()} == {
        "requests read": 7, "rows not sent": 0, "events stored": 11, "events known before": 0,
        "events refused": 0, "events late": 0,
    }  # fmt: skip
    assert "2015-04-01 04:00 UTC" in done.stdout


def test_command_lists_what_it_cannot_send(
    serve: Serve, folder: Path, write: Write, row: MakeRow
) -> None:
    """Bad rows, and rows the server refuses, are listed by file and line with the reason; exit code 1."""
    running = serve()
    bring(running, folder)
    write(
        "baskets.csv",
        row("1", "03/02/2015 10:00:00 AM", "03/05/2015 10:00:00 AM"),  # sent before, another target
        row("9", "tomorrow"),
        row("10", "03/02/2015 10:00:00 AM", "", "03/02/2015 09:59:00 AM"),
    )
    done = command(folder, "--server", running.address)
    assert done.exit_code == 1
    lines = {line.strip() for line in done.stderr.splitlines()}
    assert "baskets.csv:4: OPEN_DT 'tomorrow' is no time like 07/31/2015 05:06:17 PM" in lines
    assert (
        "baskets.csv:6: closed 0:01:00 before it was opened: sent as closed when it was opened"
        in lines
    )
    assert any(line.startswith("baskets.csv:2: 1-opened: events[") for line in lines)
    assert "2 events came after" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--month", "2014-03"], "nothing happened"), (["--month", "3"], "no month like 2015-03")],
)
def test_command_refuses(folder: Path, arguments: list[str], message: str) -> None:
    """A month that is none, or without anything, is refused before a server is asked."""
    done = command(folder, *arguments)
    assert done.exit_code == 1
    assert message in done.stderr


def test_command_without_a_server(folder: Path) -> None:
    """Without a server the command says so, and that it can be run again."""
    done = command(folder, "--server", "127.0.0.1:1")
    assert done.exit_code == 1
    assert "UNAVAILABLE" in done.stderr
    assert "run it again" in done.stderr


def test_command_with_a_token_over_tls(serve: Serve, folder: Path, tmp_path: Path) -> None:
    """With a token and the server's authority it imports; with a wrong token nothing is let in."""
    authority, pems = trustme.CA(), tmp_path / "pems"
    pems.mkdir()
    server = authority.issue_cert("127.0.0.1")
    server.private_key_pem.write_to_path(pems / "server.key")
    server.cert_chain_pems[0].write_to_path(pems / "server.pem")
    authority.cert_pem.write_to_path(pems / "ca.pem")
    name, secret, hashed = new_secret()
    roles: tuple[Role, ...] = ("submit", "read", "operate", "administer")
    with editing(pems / "tokens.json") as known:
        known[name] = Token(name, "city", roles, EVERY_LOCALITY, hashed, "2026-11-26T00:00:00Z", "")
    (pems / "good").write_text(f"{secret}\n", encoding="utf-8")
    (pems / "wrong").write_text(f"{new_secret()[1]}\n", encoding="utf-8")
    running = serve(
        credentials=Credentials(secret, ca=pems / "ca.pem"), tokens=pems / "tokens.json",
        tls_cert=pems / "server.pem", tls_key=pems / "server.key",
    )  # fmt: skip
    reach = (folder, "--server", running.address, "--tls-ca", pems / "ca.pem", "--token-file")
    wrong = command(*reach, pems / "wrong")
    assert (wrong.exit_code, "UNAUTHENTICATED" in wrong.stderr) == (1, True)
    assert list(running.client.list_localities()) == []
    done = command(*reach, pems / "good")
    assert done.exit_code == 0, done.output
    assert running.closings() == EXPECTED


def test_command_keeps_its_token_to_itself(folder: Path, tmp_path: Path) -> None:
    """A token does not go to another machine in the open, and a file without one is refused."""
    (tmp_path / "token").write_text("secret", encoding="utf-8")
    done = command(folder, "--server", "192.0.2.1:50051", "--token-file", tmp_path / "token")
    assert done.exit_code == 1
    assert "unencrypted: use TLS" in done.stderr
    assert "secret" not in done.output
    (tmp_path / "token").write_text("", encoding="utf-8")
    done = command(folder, "--token-file", tmp_path / "token")
    assert (done.exit_code, "token is empty" in done.stderr) == (1, True)
