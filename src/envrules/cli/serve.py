"""`envrules serve`: the gRPC server, with the localities and schemes it is told to bind."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from envrules.cli import security_options
from envrules.cli.binding import (
    begin_in,
    bind_locality,
    bindings_in,
    code_tables,
    plugins_with,
    scheme_files,
)
from envrules.cli.shell import USAGE, Failure
from envrules.cli.storage import DEFAULT_DATABASE, DatabaseUrl, opened
from envrules.logs import Format, Level, configure
from envrules.plugin_manager import Plugins
from envrules.runtime.library import Library
from envrules.runtime.memory import giving_back_memory, share_heap
from envrules.runtime.processes import ProjectingProcesses
from envrules.runtime.runtime import Runtime
from envrules.service import ConfigError, Server, ServerConfig, build_server
from envrules.service.config import Publish
from envrules.store import Store

log = logging.getLogger(__name__)


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
    bindings = bindings_in(bind or ())
    tables = code_tables(codes or (), bindings)
    begin = begin_in(backfill)
    files = scheme_files(rulesets)
    plugins = plugins_with(files)
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
            bind_locality(runtime, locality, scheme, files, tables.get((locality, scheme)), begin)
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
