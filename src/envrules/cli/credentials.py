"""What every command that calls a server shows to it, as told once, before the command's name."""

from __future__ import annotations

import os
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

import typer

from envrules.cli.shell import USAGE, Failure
from envrules.credentials import BadCredentials, Credentials, token_in

GIVEN: ContextVar[Credentials | None] = ContextVar("credentials", default=None)
"""Those of the command that runs."""

_PANEL = "Reaching a server"

TokenFile = Annotated[
    Path | None,
    typer.Option(
        envvar="ENVRULES_TOKEN_FILE", metavar="FILE", rich_help_panel=_PANEL,
        help="File that holds the token; or set ENVRULES_TOKEN to the token itself.",
    ),
]  # fmt: skip
Tls = Annotated[
    bool,
    typer.Option(
        "--tls", envvar="ENVRULES_TLS", rich_help_panel=_PANEL,
        help="Use TLS, with a server that a public authority vouches for.",
    ),
]  # fmt: skip
TlsCa = Annotated[
    Path | None,
    typer.Option(
        envvar="ENVRULES_TLS_CA", metavar="FILE", rich_help_panel=_PANEL,
        help="Use TLS; PEM file of the authority that vouches for the server.",
    ),
]  # fmt: skip
TlsCert = Annotated[
    Path | None,
    typer.Option(
        envvar="ENVRULES_TLS_CERT", metavar="FILE", rich_help_panel=_PANEL,
        help="PEM file of your own certificate, where the server asks for one.",
    ),
]  # fmt: skip
TlsKey = Annotated[
    Path | None,
    typer.Option(
        envvar="ENVRULES_TLS_KEY",
        metavar="FILE",
        rich_help_panel=_PANEL,
        help="PEM file of its key.",
    ),
]
Plaintext = Annotated[
    bool,
    typer.Option(
        "--plaintext", rich_help_panel=_PANEL,
        help="Send the token to another machine without TLS: only where a proxy encrypts.",
    ),
]  # fmt: skip


def give(
    token_file: Path | None, tls: bool, ca: Path | None, certificate: Path | None,
    key: Path | None, plaintext: bool,
) -> None:  # fmt: skip
    """Note what this command is to show. A token is never an argument: those others can see.

    Raises:
        Failure: it cannot be used.
    """
    try:
        token = token_in(token_file) if token_file else os.environ.get("ENVRULES_TOKEN", "")
        GIVEN.set(Credentials(token, tls, ca, certificate, key, plaintext))
    except BadCredentials as error:
        raise Failure(str(error), code=USAGE) from None
