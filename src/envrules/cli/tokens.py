"""`envrules token`: makes, lists and revokes the tokens that a server takes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, get_args

import msgspec
import typer
from rich.text import Text

from envrules.cli.server import instant_of
from envrules.cli.shell import USAGE, AsJson, Failure, say, show, show_json
from envrules.model.base import Instant
from envrules.report.tables import table
from envrules.service.fields import SLUG
from envrules.service.refreshed import BadFile
from envrules.service.tokens import (
    AT_ONCE,
    EVERY_LOCALITY,
    RESERVED,
    Role,
    Token,
    editing,
    new_secret,
    read_tokens,
)
from envrules.wire.problems import Invalid
from envrules.wire.times import format_instant

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke the tokens of a server.")

_ROLES: tuple[Role, ...] = get_args(Role)

TokensFile = Annotated[
    Path,
    typer.Option(
        "--tokens", envvar="ENVRULES_TOKENS", metavar="FILE",
        help="File of tokens, as serve --tokens reads it.",
    ),
]  # fmt: skip


@app.command(
    "new", epilog="Example:  envrules token new --tokens tokens.json --principal grid "
    "--role submit --role read --locality my_town",
)  # fmt: skip
def new(
    tokens: TokensFile,
    principal: Annotated[str, typer.Option(metavar="NAME", help="Who calls with it.")],
    role: Annotated[
        list[str],
        typer.Option(metavar="ROLE", help=f"One of {', '.join(_ROLES)}; may be repeated."),
    ],
    locality: Annotated[
        list[str] | None, typer.Option(help="Where it may do that; may be repeated.")
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="In all localities, those to come as well.")
    ] = False,
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="When it ends, such as 2027-12-31; default: never.")
    ] = "",
) -> None:
    """Make a token and print it, once: the file keeps only its hash.

    Servers that read the file take it at once. A principal may have two valid tokens, so that one
    replaces the other without a gap: make the new one, hand it over, revoke the old one.
    """
    if bool(locality) == everywhere:
        raise Failure("name localities with --locality, or all with --everywhere", code=USAGE)
    local = datetime.now(UTC).astimezone().tzinfo or UTC
    ends = format_instant(instant_of(expires, local, "--expires")) if expires else ""
    name, text, hashed = new_secret()
    fresh = Token(
        name, _slug("--principal", principal), _roles(role),
        EVERY_LOCALITY if everywhere else tuple(_slug("--locality", one) for one in locality or ()),
        hashed, format_instant(_now()), ends,
    )  # fmt: skip
    if fresh.principal in RESERVED:
        raise Failure(f"{principal} is the server's own name", "choose another", USAGE)
    if not fresh.is_valid(_now()):
        raise Failure(f"--expires {expires} is past", code=USAGE)
    try:
        with editing(tokens) as known:
            _check_number(known.values(), principal)
            known[name] = fresh
    except BadFile as error:
        raise Failure(str(error)) from None
    say(f"token {name} of {principal}; it is shown only now:")
    print(text)


@app.command("list", epilog="Example:  envrules token list --tokens tokens.json")
def list_tokens(tokens: TokensFile, as_json: AsJson = False) -> None:
    """List the tokens: who may do what, where, and until when."""
    try:
        known = read_tokens(tokens)
    except BadFile as error:
        raise Failure(str(error)) from None
    if as_json:
        show_json([_as_plain(token) for token in known.values()])
        return
    rows = table()
    for heading in ("token", "principal", "roles", "localities", "created", "expires"):
        rows.add_column(heading)
    for token in known.values():
        ends = f"{token.expires or 'never'}{'' if token.is_valid(_now()) else ' (over)'}"
        where = (
            token.localities if isinstance(token.localities, str) else ", ".join(token.localities)
        )
        cells = token.id, token.principal, ", ".join(token.roles), where, token.created, ends
        rows.add_row(*map(Text, cells))
    show(rows)


@app.command("revoke", epilog="Example:  envrules token revoke 3f9c2ab10d --tokens tokens.json")
def revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help="The token's id, as list shows it.")],
    tokens: TokensFile,
) -> None:
    """Take a token out of the file: servers refuse it from the next call on, and end its streams."""
    try:
        with editing(tokens) as known:
            if known.pop(token, None) is None:
                raise Failure(f"{tokens} has no token {token}", "see envrules token list")
    except BadFile as error:
        raise Failure(str(error)) from None
    say(f"token {token} is revoked")


def _check_number(known: Iterable[Token], principal: str) -> None:
    """Refuse a third valid token of one principal."""
    valid = [token for token in known if token.principal == principal and token.is_valid(_now())]
    if len(valid) >= AT_ONCE:
        raise Failure(
            f"{principal} has {AT_ONCE} valid tokens already", "revoke the one that is not in use"
        )


def _roles(given: list[str]) -> tuple[Role, ...]:
    """Return the roles, each once and in their usual order."""
    if unknown := set(given) - set(_ROLES):
        raise Failure(f"no role {min(unknown)!r}", f"there are {', '.join(_ROLES)}", USAGE)
    return tuple(role for role in _ROLES if role in given)


def _slug(option: str, text: str) -> str:
    try:
        return str(SLUG.read(text))
    except Invalid as error:
        raise Failure(f"{option}: {error.problems[0].message}", code=USAGE) from None


def _now() -> Instant:
    return time.time_ns() // 1000


def _as_plain(token: Token) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(token) | {
        "expires": token.expires,
        "valid": token.is_valid(_now()),
    }
    del shown["sha256"]
    return shown
