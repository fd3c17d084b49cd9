"""`envrules serve`: the gRPC server, with the localities and schemes it is told to bind."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from envrules.cli import security_options
from envrules.cli.code_files import table_in
from envrules.cli.server import instant_of
from envrules.cli.shell import USAGE, Failure, say, zone_of
from envrules.cli.storage import DEFAULT_DATABASE, DatabaseUrl, opened
from envrules.engine.kept import Binding
from envrules.errors import RulesetError
from envrules.hookspecs import SchemeSource, hookimpl
from envrules.logs import Format, Level, configure
from envrules.plugin_manager import PluginError, Plugins, load_plugins
from envrules.ruleset.check import check_files, read_text, ruleset_files
from envrules.ruleset.codes import CodeTableText
from envrules.ruleset.compile import Scheme
from envrules.ruleset.overrides import Overrides
from envrules.runtime.errors import RuntimeRefusal
from envrules.runtime.library import Library, shown
from envrules.runtime.memory import giving_back_memory, share_heap
from envrules.runtime.processes import ProjectingProcesses
from envrules.runtime.runtime import Runtime
from envrules.service import ConfigError, Server, ServerConfig, build_server
from envrules.service.config import Publish
from envrules.service.reload import BY
from envrules.store import Store

log = logging.getLogger(__name__)

_PATIENCE = 30.0
"""Seconds that a locality may take to be where it is to begin."""


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
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of rulesets besides those shipped; it is watched."
        ),
    ] = None,
    publish: Annotated[
        Publish,
        typer.Option(
            help="What a good edit in DIR does: auto puts it into force at once unless it changes "
            "values dated before today, manual leaves that to envrules publish."
        ),
    ] = "manual",
    codes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LOCALITY=FILE",
            help="Code table of a bound locality's host; the one in force when left out.",
        ),
    ] = None,
    tokens: security_options.Tokens = None,
    tls_cert: security_options.TlsCert = None,
    tls_key: security_options.TlsKey = None,
    client_ca: security_options.ClientCa = None,
    audit: security_options.Audit = None,
    max_rate: security_options.MaxRate = 0.0,
    max_each: security_options.MaxEach = 16,
    insecure: security_options.Insecure = False,
    drain: Annotated[
        float, typer.Option(min=0, help="Seconds that calls may take to end when it stops.")
    ] = 10.0,
    projectors: Annotated[
        int,
        typer.Option(min=0, help="Processes that judge what comes in; 0: this one does it itself."),
    ] = 1,
    metrics: Annotated[
        str,
        typer.Option(metavar="HOST:PORT", help="Let Prometheus scrape here; :PORT is loopback."),
    ] = "",
    otlp: Annotated[
        str,
        typer.Option(
            metavar="ENDPOINT",
            help="Send traces to this OpenTelemetry collector (OTLP, gRPC).",
            envvar=["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"],
        ),
    ] = "",
    log_format: Annotated[Format, typer.Option(help="How to log, on stderr.")] = "text",
    log_level: Annotated[Level, typer.Option(help="From which level on to log.")] = "info",
) -> None:
    """Serve the API until SIGTERM or Ctrl-C; prints the address once it answers.

    A scheme that judges a locality already stays in the revision in force until another one is
    published; a bad edit in DIR is refused, logged and shown by envrules revisions. To bring in the
    past, bind a new locality with --backfill: without it, its time is now.
    """
    configure(log_format, log_level)
    share_heap()
    bindings = [_pair("--bind", text, "SCHEME") for text in bind or ()]
    tables = _tables(codes or (), bindings)
    begin = _backfill(backfill)
    files = _files(rulesets)
    plugins = _plugins(files)
    config = _config(
        address=address, insecure=insecure, drain_seconds=drain, rulesets=rulesets, publish=publish,
        tokens=tokens, tls_cert=tls_cert, tls_key=tls_key, client_ca=client_ca, audit=audit,
        max_rate=max_rate, max_each=max_each,
        metrics=metrics, otlp=otlp,
    )  # fmt: skip
    with (
        opened(db, create=True) as store, _running(store, plugins, db, projectors) as runtime,
        giving_back_memory(),
    ):  # fmt: skip
        for locality, scheme in bindings:
            _bind(runtime, locality, scheme, files, tables.get((locality, scheme)), begin)
        server = _built(runtime, config)
        if tokens is None:
            log.warning("no tokens: whoever reaches %s may do anything", address)
        server.start()
        host = address.rpartition(":")[0]
        print(f"listening on {f'{host}:{server.port}' if server.port else address}", flush=True)
        if server.metrics_port:
            print(f"metrics on http://{_shown(metrics, server.metrics_port)}/metrics", flush=True)
        server.wait()
    log.info("stopped")


def _shown(address: str, port: int) -> str:
    return f"{address.rpartition(':')[0] or '127.0.0.1'}:{port}"


@contextmanager
def _running(store: Store, plugins: Plugins, url: str, projectors: int) -> Iterator[Runtime]:
    apart = ProjectingProcesses(url, projectors) if projectors else None
    runtime = Runtime(store, Library(plugins, store), projecting=apart)
    runtime.start()
    try:
        yield runtime
    finally:
        runtime.stop()


def _config(**options: Any) -> ServerConfig:
    try:
        return ServerConfig(**options)
    except ConfigError as error:
        raise Failure(str(error), "see the options in envrules serve --help", USAGE) from None


def _built(runtime: Runtime, config: ServerConfig) -> Server:
    try:
        return build_server(runtime, config)
    except ConfigError as error:
        fix = error.fix or "see the options in envrules serve --help"
        raise Failure(str(error), fix) from None


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
    """Return the ruleset files of a folder by scheme, good or not.

    One that is not good keeps only those from being judged by it whom it does not judge yet.

    Raises:
        Failure: the folder holds none, or two of one name.
    """
    if folder is None:
        return {}
    problems = [p for p in check_files([folder]) if p.code in ("ER901", "ER903", "ER904")]
    if problems:
        for problem in problems:
            say(str(problem))
        raise Failure(f"{folder}: rulesets that cannot be used", "see envrules check")
    return ruleset_files(folder)


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
    """Let the scheme judge the locality, unless it does; both are made if they are not there."""
    try:
        known = {row.id for row in runtime.store.localities()}
        bindings = runtime.locality(locality)[2].bindings if locality in known else {}
        if scheme in bindings:
            _give_codes(runtime, locality, bindings[scheme], codes)
        else:
            _publish_first(runtime, locality, scheme, files.get(scheme), codes, begin)
    except RulesetError as error:
        for problem in error.problems:
            say(str(problem))
        raise Failure(f"the ruleset of {scheme} cannot be used", "see envrules check") from None
    except RuntimeRefusal as error:
        raise Failure(f"--bind {locality}={scheme}: {error}") from None


def _give_codes(
    runtime: Runtime, locality: str, binding: Binding, codes: CodeTableText | None
) -> None:
    """Publish what is in force with another code table, if one is given that differs."""
    known = runtime.library.source(binding.scheme, binding.revision)
    if codes is None or codes == known.codes:
        return
    compiled = runtime.library.add(known.text, known.file, known.overrides, runtime.clock(), codes)
    _publish(runtime, locality, compiled, known.overrides)


def _publish_first(
    runtime: Runtime,
    locality: str,
    scheme: str,
    file: Path | None,
    codes: CodeTableText | None,
    begin: Begin | None,
) -> None:
    schemes = runtime.library.plugins.schemes
    if file is None and scheme not in schemes:
        raise Failure(f"no scheme {scheme!r}", f"there are: {', '.join(schemes)}")
    path = file or schemes[scheme].ruleset
    compiled = runtime.library.add(read_text(path), shown(path), {}, runtime.clock(), codes)
    if locality not in {row.id for row in runtime.store.localities()}:
        source, moment = begin or ("", "")
        until = instant_of(moment, zone_of(compiled.timezone), "--backfill") if moment else None
        runtime.create_locality(locality, locality, compiled.timezone)
        if until is not None:
            # What is published takes the locality's time, and that must be the past by then.
            runtime.wait_decided(locality, runtime.advance(locality, source, until), _PATIENCE)
    _publish(runtime, locality, compiled, {})


def _publish(runtime: Runtime, locality: str, scheme: Scheme, overrides: Overrides) -> None:
    _, seq = runtime.publish(
        locality, scheme.slug, BY, revision=scheme.revision, overrides=overrides,
        reason="bound when the server was started",
    )  # fmt: skip
    runtime.wait_decided(locality, seq, _PATIENCE)  # whoever is told our address finds it in force
