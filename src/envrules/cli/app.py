"""The program: its commands, and how it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from envrules import __version__
from envrules.cli import credentials
from envrules.cli.commands import Commands
from envrules.cli.shell import (
    EXIT_CODES,
    INTERRUPTED,
    OK,
    REFUSED,
    Failure,
    complain,
)

app = typer.Typer(
    name="envrules", cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode="rich", epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        print(f"envrules {__version__}")
        raise typer.Exit(OK)


@app.callback()
def _envrules(
    _wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    token_file: credentials.TokenFile = None,
    tls: credentials.Tls = False,
    tls_ca: credentials.TlsCa = None,
    tls_cert: credentials.TlsCert = None,
    tls_key: credentials.TlsKey = None,
    plaintext: credentials.Plaintext = False,
) -> None:
    """Explained decisions for city grid platforms, by each locality's own rules."""
    credentials.give(token_file, tls, tls_ca, tls_cert, tls_key, plaintext)


def program() -> None:
    """Run the program and end it with the exit code of what it did."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code. Whatever goes wrong is told in a line or two."""
    try:
        code: Any = app(list(arguments), prog_name="envrules", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else OK
    except Failure as error:
        complain(str(error), error.fix)
        return error.code
    except typer.TyperException as error:
        return _misused(error)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; keep Python from complaining once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        complain(f"{error.filename or 'the machine'}: {error.strerror or error}")
        return REFUSED
    except Exception as error:
        if os.environ.get("ENVRULES_DEBUG"):
            raise
        complain(
            f"a fault of ours: {type(error).__name__}: {error}".splitlines()[0],
            "set ENVRULES_DEBUG=1 for the details, and tell us",
        )
        return REFUSED


def _misused(error: typer.TyperException) -> int:
    """Say what is wrong with the command line, and where its help is."""
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "envrules")
    if message := error.format_message():
        complain(" ".join(message.split()), f"see {command} --help")
    return error.exit_code
