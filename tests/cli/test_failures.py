"""Whatever goes wrong is told in a line or two with the right exit code, never as a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.terminal import Cli
from tests.service.site import Site, open_site

from envrules.cli import app as program
from envrules.runtime.runtime import wall_clock

NOBODY = "127.0.0.1:1"

ASKING: tuple[tuple[str, ...], ...] = (
    ("localities",), ("decisions", "yunxi"), ("decisions", "yunxi", "--watch"),
    ("explain", "yunxi", "abcd1234"), ("approve", "yunxi", "abcd1234"),
    ("revoke", "yunxi", "abcd1234", "--reason", "x"), ("standings", "yunxi", "s", "m", "2026-07"),
    ("statement", "yunxi", "u", "2026-07"), ("close", "yunxi", "s", "2026-07"),
    ("publish", "yunxi", "s"), ("skip", "yunxi", "1", "--reason", "x"),
    ("watermark", "yunxi", "grid", "2026-07-01"),
)  # fmt: skip


@pytest.mark.parametrize("arguments", ASKING, ids=lambda arguments: " ".join(arguments[::2]))
def test_no_server_there(cli: Cli, arguments: tuple[str, ...]) -> None:
    """Every command that needs a server says which one does not answer, and exits with 3."""
    ran = cli(*arguments, "--server", NOBODY)
    assert (ran.code, ran.out) == (3, "")
    assert f"no server answers at {NOBODY}" in ran.err
    assert "envrules serve" in ran.err


def test_submitting_to_nobody(cli: Cli, tmp_path: Path) -> None:
    """A file is not half sent: the locality is asked for first."""
    path = tmp_path / "x.yaml"
    path.write_text("[]", encoding="utf-8")
    assert cli("submit", path, "-l", "yunxi", "--server", NOBODY).code == 3


@pytest.mark.parametrize("command", ["check", "test", "submit"])
def test_a_folder_or_nothing_where_a_file_is_wanted(cli: Cli, command: str, tmp_path: Path) -> None:
    """What cannot be read is named; the exit code is 1."""
    more = ("-l", "yunxi") if command == "submit" else ()
    for path in (tmp_path / "missing.yaml", tmp_path):
        ran = cli(command, path, *more)
        assert ran.code == 1
        assert str(path) in ran.out + ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("command", ["check", "test", "submit"])
def test_a_file_without_permission(cli: Cli, command: str, tmp_path: Path) -> None:
    """A file that may not be read is named; the exit code is 1."""
    path = tmp_path / "secret.yaml"
    path.write_text("[]", encoding="utf-8")
    path.chmod(0)
    ran = cli(command, path, *(("-l", "yunxi") if command == "submit" else ()))
    assert ran.code == 1
    assert "Permission denied" in ran.out + ran.err


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "sqlite:////no/such/folder/x.db",
        "mysql://x/y",
        "postgresql+psycopg://me:geheim@127.0.0.1:1/x",
        "postgresql+psycopg2://me:geheim@127.0.0.1:1/x",
        "postgresql+psycopg://me:geheim@127.0.0.1:one/x",
        "postgresql+psycopg://me:ge@heim@127.0.0.1:1/x",
    ],
)
def test_a_database_that_cannot_be_opened(cli: Cli, url: str) -> None:
    """`serve` and `rebuild` say what is wrong with the database, and no password."""
    for command in ("serve", "rebuild"):
        ran = cli(command, "--db", url)
        assert (ran.code, ran.out) == (1, "")
        assert 1 <= len(ran.err.splitlines()) <= 2
        assert "heim" not in ran.err


def test_rebuild_does_not_make_a_database(cli: Cli, tmp_path: Path) -> None:
    """A misspelt file name is told, not created."""
    path = tmp_path / "typo.db"
    assert cli("rebuild", "--db", f"sqlite:///{path}").code == 1
    assert not path.exists()


def test_rebuild_gives_the_same(town: Site, cli: Cli) -> None:
    """Of a stopped server's database all is derived again, to the same bytes."""
    url = str(town.store._db.url)
    town.server.stop(0)
    town.runtime.stop()
    ran = cli("rebuild", "--db", url, "--json")
    assert ran.code == 0
    (result,) = ran.json
    assert result["same"] is True
    assert result["before"] == result["after"]
    assert cli("rebuild", "--db", url, "--locality", "nowhere").code == 1


def test_rebuild_keeps_off_a_running_server(cli: Cli, tmp_path: Path) -> None:
    """While a projector holds a locality nothing is dropped."""
    site = open_site(tmp_path, clock=wall_clock)
    try:
        office = site.client("office")
        office.create_locality("east", "东镇", "Asia/Shanghai")
        seq = site.runtime.advance("east", "grid", 1)
        assert site.runtime.wait_decided("east", seq, 20)
        ran = cli("rebuild", "--db", f"sqlite:///{tmp_path / 'envrules.db'}")
        assert ran.code == 1
        assert "east is in use by" in ran.err
    finally:
        site.stop(grace=0)


def test_a_fault_of_ours_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is told as such; the details come with ENVRULES_DEBUG."""

    def fail(*_arguments: object, **_options: object) -> int:
        raise ZeroDivisionError("something\nwith lines")

    monkeypatch.setattr(program, "app", fail)
    ran = cli("localities")
    assert ran.code == 1
    assert ran.err.splitlines()[0] == "envrules: a fault of ours: ZeroDivisionError: something"
    assert "ENVRULES_DEBUG=1" in ran.err
    monkeypatch.setenv("ENVRULES_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        cli("localities")


@pytest.mark.parametrize(("raised", "code"), [
    (KeyboardInterrupt(), 130), (PermissionError(13, "Permission denied", "x.yaml"), 1),
])  # fmt: skip
def test_how_it_ends(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int
) -> None:
    """Ctrl-C ends quietly with 130; the machine's refusals are told with the file's name."""

    def fail(*_arguments: object, **_options: object) -> int:
        raise raised

    monkeypatch.setattr(program, "app", fail)
    ran = cli("localities")
    assert ran.code == code
    if code == 1:
        assert ran.err == "envrules: x.yaml: Permission denied\n"


def test_a_reader_that_has_gone(tmp_path: Path) -> None:
    """When nobody reads the output any more the program ends without complaint."""
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(300):
        (folder / f"r{n}.yaml").write_text("nothing: " + "x" * 300, encoding="utf-8")
    command = [sys.executable, "-m", "envrules.cli", "check", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
