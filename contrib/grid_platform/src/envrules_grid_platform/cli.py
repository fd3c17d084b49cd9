"""`envrules-grid-platform run|once|status --config FILE`."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from envrules.client import CallFailed, Client
from envrules.credentials import BadCredentials, Credentials, token_in
from envrules_grid_platform import bridge as bridges
from envrules_grid_platform.bridge import Bridge, Stalled, engine_of
from envrules_grid_platform.bridge_tables import BridgeTables, Refused
from envrules_grid_platform.config import Config, load
from envrules_grid_platform.host import Host, Mismatch
from envrules_grid_platform.positions import BadFile, Document

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_out, _err = Console(highlight=False), Console(stderr=True, highlight=False)

PARKED, FAILED, UNREACHABLE = 1, 2, 3
ConfigFile = Annotated[Path, typer.Option("--config", metavar="FILE", help="The configuration.")]


def main() -> None:
    """Run the command line."""
    app()


@app.callback()
def _root() -> None:
    """A grid platform's case records into envrules, and its decisions back into the platform.

    Exit codes: 0 done, 1 rows are parked, 2 it cannot work like this, 3 server or database not there.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")


@app.command()
def run(config: ConfigFile) -> None:
    """Go on until SIGTERM or Ctrl-C; whatever is begun then is finished first."""
    with _connected(config) as bridge:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: bridge.stopping.set())
        _err.print("running", markup=False)
        bridge.run()
    _err.print("stopped", markup=False)


@app.command()
def once(
    config: ConfigFile,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Compare every case, not only those with new flow records."),
    ] = False,
) -> None:
    """Bring both sides up to date, and say how things stand."""
    with _connected(config) as bridge:
        bridge.once(everything=everything)
        parked = _report(bridge.host, bridge.tables)
    if parked:
        raise typer.Exit(PARKED)


@app.command()
def status(config: ConfigFile) -> None:
    """Say how far the bridge is, and which rows are parked and why; the server is not asked."""
    read = _read(config)
    with _explained(config), engine_of(read) as engine:
        tables = BridgeTables(read.database.prefix)
        host = Host(engine, read)
        tables.create(engine, read.locality)
        _report(host, tables)


@contextmanager
def _connected(file: Path) -> Iterator[Bridge]:
    config = _read(file)
    with _explained(file), engine_of(config) as engine, _client(config) as client:
        yield Bridge(config, engine, client)


def _read(file: Path) -> Config:
    try:
        return load(file)
    except BadFile as error:
        raise _failure(str(error)) from None


def _client(config: Config) -> Client:
    server = config.server
    try:
        token = token_in(server.token_file) if server.token_file is not None else ""
        credentials = Credentials(token, ca=server.ca)
        return Client.connect(
            server.address, credentials, principal="" if token else server.principal
        )
    except BadCredentials as error:
        raise _failure(f"server: {error}") from None


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Say what went wrong to the person who must put it right."""
    try:
        yield
    except Mismatch as error:
        document = Document(file)
        raise _failure(
            "\n".join(document.problem(path, what) for path, what in error.problems)
        ) from None
    except Refused as error:
        raise _failure(str(error)) from None
    except Stalled as error:
        raise _failure(f"all is sent, but the server cannot judge {error}") from None
    except CallFailed as error:
        raise _failure(
            f"{error}\nWhat was done stands; start it again to go on.", UNREACHABLE
        ) from None
    except (NoSuchModuleError, ImportError) as error:
        raise _failure(f"no driver for this database: {error}\nInstall it beside the bridge; for "
                       "PostgreSQL: pip install 'envrules-grid-platform[postgres]'") from None  # fmt: skip
    except DBAPIError as error:
        said = str(error.orig).strip().splitlines()[0]
        raise _failure(f"the host's database: {said}", UNREACHABLE) from None
    except SQLAlchemyError as error:
        raise _failure(f"the host's database: {error}") from None


def _report(host: Host, tables: BridgeTables) -> int:
    """Print how things stand; return how many fields are parked."""
    found = bridges.status(host, tables)
    table = Table(show_header=False, box=None)
    local = found.watermark.astimezone(host.config.timezone)
    for title, figure in (
        ("flow records read up to", f"{found.position} of {found.last_flow}"),
        ("all told up to", f"{local:%Y-%m-%d %H:%M:%S}" if found.watermark.year > 1970 else "-"),
        ("records that came late", str(found.late)), ("events stored", str(found.sent)),
        ("events waiting", str(found.waiting)), ("decisions written back", str(found.cursor)),
        ("fields parked", str(found.parked)),
    ):  # fmt: skip
        table.add_row(title, figure)
    _out.print(table)
    with host.engine.connect() as connection:
        names = {"case": host.config.tables.case.name, "flow": host.config.tables.flow.name}
        if host.config.tables.unit is not None:
            names["unit"] = host.config.tables.unit.name
        parked = tables.parked
        for row in connection.execute(select(parked).order_by(parked.c.since).limit(20)).mappings():
            place = f"{names.get(row['host_table'], row['host_table'])} {row['host_row']}"
            value = f" {row['value']!r}" if row["value"] else ""
            _err.print(f"{place} {row['host_column']}{value}: {row['reason']} ({row['reason_zh']})",
                       markup=False, soft_wrap=True)  # fmt: skip
    return found.parked


def _failure(message: str, code: int = FAILED) -> typer.Exit:
    _err.print(message, markup=False, soft_wrap=True)
    return typer.Exit(code)
