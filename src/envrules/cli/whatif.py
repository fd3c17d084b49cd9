"""`envrules whatif`, `export-log` and `import-log`: recorded history under other values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from envrules import calendar as cal
from envrules.cli.operate import read_ruleset, set_values
from envrules.cli.shell import REFUSED, USAGE, AsJson, Failure, LocalityArg, say, show, show_json
from envrules.cli.standings import SchemeArg
from envrules.cli.storage import DEFAULT_DATABASE, DatabaseUrl, opened
from envrules.errors import RulesetError
from envrules.plugin_manager import load_plugins
from envrules.report.whatif import whatif_parts
from envrules.runtime.library import Library
from envrules.store import UnknownLocality
from envrules.whatif import (
    Answer,
    History,
    Question,
    from_store,
    prepare,
    prepare_columns,
    rejudge,
)
from envrules.whatif.bycolumn import Spread, at_once
from envrules.whatif.cluster import NoCluster, over_ray
from envrules.whatif.coverage import coverage_of
from envrules.whatif.large import columns_of
from envrules.whatif.parquet import BadLog, export_log, from_parquet, import_log, read_header


class Engine(StrEnum):
    """How a question is answered; the answer is the same."""

    exact = "exact"
    columns = "columns"
    ray = "ray"


LogFile = Annotated[Path, typer.Option("--out", help="Parquet file to write.")]


def whatif(
    locality: LocalityArg,
    scheme: SchemeArg,
    first: Annotated[str, typer.Option("--from", help="First period, e.g. 2026-07, 2026Q3.")],
    last: Annotated[str, typer.Option("--to", help="Last period, included; the first if left out.")] = "",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PARAMETER=VALUE[@DATE]",
            help="A value to try, from a date on; may be repeated.",
        ),
    ] = None,
    ruleset: Annotated[
        Path | None, typer.Option(help="Edited ruleset file to try; that in force if left out.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="Read history from this file of envrules export-log.")
    ] = None,
    engine: Annotated[
        Engine | None,
        typer.Option(
            help="exact: every event one by one; columns: sightings that add up by column, the "
            "rest exactly; ray: these columns over a Ray cluster. The answers are the same. A "
            "--log goes by columns if left out, a database exactly.",
        ),
    ] = None,
    cluster: Annotated[
        str, typer.Option(help="Address of the Ray cluster; one on this machine if left out.")
    ] = "",
    workers: Annotated[
        int, typer.Option(min=0, help="Workers of the cluster on this machine; 0: all processors.")
    ] = 0,
    db: DatabaseUrl = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say what recorded history would have been under other values, unit by unit and why.

    Both sides are judged at one place of the log: by the revision in force, and by what is tried.
    Closed periods are judged anew on both sides; open ones as if they were closed now. Nothing is
    stored, and a server may run meanwhile. What goes by column: envrules whatif-coverage.
    """
    if not set_ and ruleset is None:
        raise Failure("nothing to try", "give --set PARAMETER=VALUE or --ruleset FILE", USAGE)
    question = Question(scheme, first, last or first)
    _check(question)
    if engine in (Engine.columns, Engine.ray) and log is None:
        said = f"--engine {engine.value} reads a --log"
        raise Failure(said, "write one with envrules export-log", USAGE)
    values, name = set_values({}, set_ or []), str(ruleset or "")
    text = read_ruleset(ruleset) if ruleset is not None else ""
    try:
        if log is None or engine is Engine.exact:
            prepared = prepare(_history(locality, log, db), load_plugins(), question)
            answer = rejudge(prepared, values, text=text, file=name)
        else:
            _check_log(log, locality)
            with _spread(engine, cluster, workers) as spread:
                columns = columns_of(log, scheme, spread)
                prepared = prepare_columns(columns, load_plugins(), question)
                answer = rejudge(prepared, values, text=text, file=name)
    except KeyError:
        raise Failure(f"{locality} does not use scheme {scheme!r}") from None
    except RulesetError as error:
        for problem in error.problems:
            say(str(problem))
        raise typer.Exit(REFUSED) from None
    _print(answer, as_json)


@contextmanager
def _spread(engine: Engine | None, cluster: str, workers: int) -> Iterator[Spread]:
    if engine is not Engine.ray:
        yield at_once
        return
    try:
        with over_ray(cluster, workers) as spread:
            yield spread
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise Failure("--engine ray needs Ray", "pip install 'envrules[ray]'") from None
    except NoCluster as error:
        raise Failure(str(error), "start one with ray start --head") from None


def covers(
    scheme: Annotated[
        str, typer.Argument(help="Scheme (slug); all that are installed if left out.", metavar="[SCHEME]")
    ] = "",
) -> None:  # fmt: skip
    """Say what a what-if tallies by column and what runs the exact engine, rule by rule, and why."""
    plugins = load_plugins()
    if scheme and scheme not in plugins.schemes:
        raise Failure(f"no scheme {scheme!r}", f"there is {', '.join(sorted(plugins.schemes))}")
    library = Library(plugins)
    names = [scheme] if scheme else sorted(plugins.schemes)
    print("\n".join(coverage_of(library.add_builtin(name, {}, 0)) for name in names), end="")


def _print(answer: Answer, as_json: bool) -> None:
    if as_json:
        show_json(msgspec.to_builtins(answer, str_keys=True))
    else:
        show(*whatif_parts(answer))


def _check(question: Question) -> None:
    try:
        begins, ends = cal.period_dates(question.first)[0], cal.period_dates(question.last)[1]
    except cal.CalendarError as error:
        raise Failure(str(error), "write a period such as 2026-07, 2026Q3 or 2026", USAGE) from None
    if ends < begins:
        raise Failure(f"{question.last} ends before {question.first} begins", code=USAGE)


def _history(locality: str, log: Path | None, db: str) -> History:
    """Return the history to replay, from the database or a file."""
    if log is None:
        with opened(db) as store, _known(locality):
            return from_store(store, locality)
    _check_log(log, locality)
    with _readable(log):
        return from_parquet(log)


def _check_log(log: Path, locality: str) -> None:
    with _readable(log):
        own = read_header(log).locality
    if own != locality:
        raise Failure(f"{log} is the log of {own}, not of {locality}")


def export(
    locality: LocalityArg, out: LogFile, db: DatabaseUrl = DEFAULT_DATABASE, as_json: AsJson = False
) -> None:
    """Write a locality's log to a Parquet file: for what-if elsewhere, analysis, or an archive."""
    with opened(db) as store, _known(locality), _readable(out):
        entries = export_log(store, locality, out)
    if as_json:
        show_json({"locality": locality, "entries": entries, "file": str(out)})
    else:
        say(f"{locality}: {entries} log entries in {out}")


def import_(
    file: Annotated[Path, typer.Argument(help="File of envrules export-log.", metavar="FILE")],
    locality: Annotated[
        str, typer.Option("--as", help="Under this name (slug); its own if left out.")
    ] = "",
    db: DatabaseUrl = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Put an exported log into a database as a new locality, which a server then judges again.

    The database is made if it is not there. Every entry keeps its place, so the same decisions
    follow.
    """
    with opened(db, create=True) as store, _readable(file):
        name, entries = import_log(store, file, locality)
    if as_json:
        show_json({"locality": name, "entries": entries})
    else:
        say(f"{name}: {entries} log entries; a server that opens this database judges them")


@contextmanager
def _known(locality: str) -> Iterator[None]:
    try:
        yield
    except UnknownLocality:
        raise Failure(f"no locality {locality!r}", "see envrules localities") from None


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Turn what can be wrong with a log file into a failure that says so."""
    try:
        yield
    except BadLog as error:
        raise Failure(str(error)) from None
    except ImportError:
        raise Failure(
            f"{file.name}: Parquet files need Polars", "pip install 'envrules[whatif]'"
        ) from None
