"""A server with a town whose July has been closed, and a terminal to ask it from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.cli.terminal import Cli, Ran
from tests.service.site import (
    TOWN,
    Site,
    at,
    found,
    month_of_the_town,
    moved,
    open_site,
)

from envrules.cli.app import run

SOURCE = "grid"


@pytest.fixture(scope="session")
def closed_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The town `yunxi` after the close of July; tests only read it."""
    site = open_site(tmp_path_factory.mktemp("town"))
    _play(site)
    yield site
    site.stop(grace=0)


@pytest.fixture
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same town for one test alone, which may change it."""
    site = open_site(tmp_path_factory.mktemp("town"))
    _play(site)
    yield site
    site.stop(grace=0)


def _play(site: Site) -> None:
    office = site.client("office")
    office.create_locality("yunxi", "云溪镇", "Asia/Shanghai")
    office.advance("yunxi", SOURCE, at("2026-06-30 00:00"))
    office.publish("yunxi", TOWN)
    late = [found("GD-1", "zhao", "2026-07-02 09:00"), moved("GD-1", "handled", "2026-07-20 09:00")]
    office.submit("yunxi", [*month_of_the_town(), *late], decided=True)
    office.advance("yunxi", SOURCE, at("2026-08-01 09:00"))
    office.close_period("yunxi", TOWN, "2026-07")


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command without a server in its environment."""
    monkeypatch.delenv("ENVRULES_SERVER", raising=False)
    monkeypatch.delenv("ENVRULES_AS", raising=False)
    monkeypatch.setenv("COLUMNS", "160")

    def ran(*arguments: object) -> Ran:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Ran(code, printed.out, printed.err)

    return ran


@pytest.fixture
def ask(closed_town: Site, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command against the closed town, which it must not change."""
    monkeypatch.setenv("ENVRULES_SERVER", closed_town.address)
    return cli


@pytest.fixture
def tell(town: Site, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command against a town of the test's own."""
    monkeypatch.setenv("ENVRULES_SERVER", town.address)
    return cli
