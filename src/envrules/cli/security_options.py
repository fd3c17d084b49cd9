"""The options of `envrules serve` that say who may come in, and what is recorded of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_PANEL = "Security"


def _file(help: str, env: str) -> object:
    return typer.Option(metavar="FILE", envvar=env, rich_help_panel=_PANEL, help=help)


Tokens = Annotated[
    Path | None,
    _file("Tokens, as envrules token makes them; edits hold at once.", "ENVRULES_TOKENS"),
]
TlsCert = Annotated[
    Path | None,
    _file("Certificate (PEM); a new one is shown without a restart.", "ENVRULES_SERVER_CERT"),
]
TlsKey = Annotated[Path | None, _file("Key of the certificate (PEM).", "ENVRULES_SERVER_KEY")]
ClientCa = Annotated[
    Path | None,
    _file("Authorities (PEM) one of which must vouch for clients.", "ENVRULES_CLIENT_CA"),
]
Audit = Annotated[
    Path | None,
    _file("Append a line for each call that acts and each one refused.", "ENVRULES_AUDIT"),
]
MaxRate = Annotated[
    float,
    typer.Option(
        min=0, rich_help_panel=_PANEL,
        help="Calls, and messages of streams, a second of one principal; 0: any number.",
    ),
]  # fmt: skip
MaxEach = Annotated[
    int,
    typer.Option(
        min=1, rich_help_panel=_PANEL,
        help="Streams, and also watchers, that one principal may have at a time.",
    ),
]  # fmt: skip
Insecure = Annotated[
    bool,
    typer.Option(
        "--insecure", rich_help_panel=_PANEL,
        help="Listen without TLS or without tokens where other machines reach it.",
    ),
]  # fmt: skip
