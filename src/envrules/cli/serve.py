"""`envrules serve`: the gRPC server, with the localities and schemes it is told to bind."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from envrules.cli.code_files import table_in
from envrules.cli.server import instant_of
from envrules.cli.shell import USAGE, Failure, say, zone_of
from envrules.cli.storage import DEFAULT_DATABASE, DatabaseUrl, opened
from envrules.errors import RulesetError, errors_in
from envrules.hookspecs import SchemeSource, hookimpl
from envrules.plugin_manager import PluginError, Plugins, load_plugins
from envrules.ruleset.check import SUFFIXES, check_files, holds_codes, read_text
from envrules.ruleset.codes import CodeTableText
from envrules.runtime.errors import RuntimeRefusal
from envrules.runtime.library import Library, shown
from envrules.runtime.runtime import Runtime
from envrules.service import ConfigError, Server, ServerConfig, build_server
from envrules.store import Store

log = logging.getLogger(__name__)

BY = "serve"
"""Principal under which the server itself publishes what it is told to bind."""
_PATIENCE = 30.0
"""Seconds that a new locality may take to be where it is to begin."""


def serve(
    db: DatabaseUrl = DEFAULT_DATABASE,
    address: Annotated[
        str, typer.Option(help="Host and port to listen on; port 0 takes a free one.")
    ] = "127.0.0.1:50051",
    bind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LOCALITY=SCHEME",
            help="Create the locality if need be and let the scheme judge it; may be repeated.",
        ),
    ] = None,
    backfill: Annotated[
        str,
        typer.Option(
            metavar="SOURCE@TIME",
            help="Begin new localities at TIME, and let them wait for SOURCE's watermarks.",
        ),
    ] = "",
    rulesets: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of rulesets besides those shipped.")
    ] = None,
    codes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LOCALITY=FILE",
            help="Code table of a bound locality's host; the one in force when left out.",
        ),
    ] = None,
    insecure: Annotated[
        bool, typer.Option(help="Listen without TLS where other machines reach it.")
    ] = False,
    drain: Annotated[
        float, typer.Option(min=0, help="Seconds that calls may take to end when it stops.")
    ] = 10.0,
) -> None:
    """Serve the API until SIGTERM or Ctrl-C; prints the address once it answers.

    A bound scheme is published again when its ruleset is another than at the last start. To bring
    in the past, bind a new locality with --backfill: without it, its time is now.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    bindings = [_pair("--bind", text, "SCHEME") for text in bind or ()]
    tables = _tables(codes or (), bindings)
    begin = _backfill(backfill)
    files = _files(rulesets)
    plugins = _plugins(files)
    config = _config(address, insecure, drain)
    with opened(db, create=True) as store, _running(store, plugins) as runtime:
        for locality, scheme in bindings:
            _bind(runtime, locality, scheme, files, tables.get((locality, scheme)), begin)
        server = _built(runtime, config)
        server.start()
        host = address.rpartition(":")[0]
        print(f"listening on {f'{host}:{server.port}' if server.port else address}", flush=True)
        server.wait()
    say("stopped")


@contextmanager
def _running(store: Store, plugins: Plugins) -> Iterator[Runtime]:
    runtime = Runtime(store, Library(plugins, store))
    runtime.start()
    try:
        yield runtime
    finally:
        runtime.stop()


def _config(address: str, insecure: bool, drain: float) -> ServerConfig:
    try:
        return ServerConfig(address=address, insecure=insecure, drain_seconds=drain)
    except ConfigError as error:
        raise Failure(str(error), "the option for that is --insecure", USAGE) from None


def _built(runtime: Runtime, config: ServerConfig) -> Server:
    try:
        return build_server(runtime, config)
    except ConfigError as error:
        raise Failure(str(error), "choose another --address; port 0 takes a free one") from None


# ── schemes ──


class _RulesetFile:
    """A plugin that is nothing but a ruleset file."""

    def __init__(self, source: SchemeSource) -> None:
        self._source = source

    @hookimpl
    def envrules_scheme(self) -> SchemeSource:
        """Declare the scheme of the file."""
        return self._source


def _files(folder: Path | None) -> dict[str, Path]:
    """Return the ruleset files of a folder by scheme.

    Raises:
        Failure: the folder holds none, or one of them is not good.
    """
    if folder is None:
        return {}
    problems = errors_in(check_files([folder]))
    if problems:
        for problem in problems:
            say(str(problem))
        raise Failure(f"{folder}: rulesets that cannot be used", "see envrules check")
    found = sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES)
    return {file.stem: file for file in found if not holds_codes(file)}


def _plugins(files: Mapping[str, Path]) -> Plugins:
    """Return the installed plugins, and one for each file of a scheme that none of them brings."""
    try:
        known = load_plugins().schemes
        new = [SchemeSource(slug, file) for slug, file in files.items() if slug not in known]
        return load_plugins(*map(_RulesetFile, new))
    except PluginError as error:
        raise Failure(str(error), "see docs/plugins.md") from None


def _pair(option: str, text: str, what: str) -> tuple[str, str]:
    """Return the locality that an option is for, and what it says of it."""
    locality, sign, value = text.partition("=")
    if not (locality and sign and value):
        raise Failure(f"{option} {text}: write LOCALITY={what}", code=USAGE)
    return locality, value


Begin = tuple[str, str]
"""A source, and the local time at which a new locality begins to wait for it."""


def _backfill(text: str) -> Begin | None:
    source, sign, moment = text.partition("@")
    if text and not (source and sign and moment):
        raise Failure(f"--backfill {text}: write SOURCE@TIME", code=USAGE)
    return (source, moment) if text else None


def _tables(
    given: Iterable[str], bindings: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], CodeTableText]:
    """Return the code tables by the binding that each is for: a table names its scheme.

    Raises:
        Failure: a table cannot be read, or is for no binding.
    """
    found: dict[tuple[str, str], CodeTableText] = {}
    for text in given:
        locality, file = _pair("--codes", text, "FILE")
        table, scheme = table_in(Path(file))
        if (locality, scheme) not in bindings:
            raise Failure(
                f"--codes {text}: the table is for {scheme}", f"add --bind {locality}={scheme}"
            )
        found[locality, scheme] = table
    return found


def _bind(
    runtime: Runtime, locality: str, scheme: str, files: Mapping[str, Path],
    codes: CodeTableText | None, begin: Begin | None,
) -> None:  # fmt: skip
    """Create the locality if it is new, and publish the ruleset if another is in force."""
    try:
        _publish_if_changed(runtime, locality, scheme, files.get(scheme), codes, begin)
    except RulesetError as error:
        say(str(error))
        raise Failure(f"the ruleset of {scheme} cannot be used", "see envrules check") from None
    except RuntimeRefusal as error:
        raise Failure(f"--bind {locality}={scheme}: {error}") from None


def _publish_if_changed(
    runtime: Runtime,
    locality: str,
    scheme: str,
    file: Path | None,
    codes: CodeTableText | None,
    begin: Begin | None,
) -> None:
    schemes = runtime.library.plugins.schemes
    if scheme not in schemes:
        raise Failure(f"no scheme {scheme!r}", f"there are: {', '.join(schemes)}")
    known = {row.id for row in runtime.store.localities()}
    overrides = {}
    in_force = ""
    if locality in known:
        binding = runtime.locality(locality)[2].bindings.get(scheme)
        if binding is not None:
            in_force = binding.revision
            known_as = runtime.library.source(scheme, in_force)
            overrides, codes = known_as.overrides, codes or known_as.codes
    path = file or schemes[scheme].ruleset
    compiled = runtime.library.add(read_text(path), shown(path), overrides, runtime.clock(), codes)
    if locality not in known:
        source, moment = begin or ("", "")
        until = instant_of(moment, zone_of(compiled.timezone), "--backfill") if moment else None
        runtime.create_locality(locality, locality, compiled.timezone)
        if until is not None:
            # What is published takes the locality's time, and that must be the past by then.
            runtime.wait_decided(locality, runtime.advance(locality, source, until), _PATIENCE)
    if compiled.revision != in_force:
        runtime.publish(
            locality, scheme, BY, revision=compiled.revision, overrides=overrides,
            reason="bound when the server was started",
        )  # fmt: skip
        log.info("%s is judged by %s, revision %s", locality, scheme, compiled.revision)
