"""The program: its commands, and how it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from envrules import __version__
from envrules.cli import (
    bulletin,
    cases,
    check,
    codes,
    coverage,
    credentials,
    decisions,
    demo,
    events,
    mutate,
    new,
    operate,
    read,
    rebuild,
    revisions,
    schema,
    serve,
    standards,
    standings,
    tables,
    tokens,
    whatif,
    workbench,
)
from envrules.cli.shell import (
    EXIT_CODES,
    INTERRUPTED,
    OK,
    REFUSED,
    Failure,
    complain,
)

app = typer.Typer(
    name="envrules", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode="rich", epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip

START, AUTHORS, VENDORS, OFFICES, OPERATORS = (
    "Start here", "Authors of rulesets", "Platforms", "Offices", "Operators",
)  # fmt: skip

_COMMANDS: tuple[tuple[str, Callable[..., None], str, str], ...] = (
    (START, demo.demo, "demo", "envrules demo --keep"),
    (AUTHORS, new.new, "new", "envrules new my_town --title 云溪镇环境整治"),
    (AUTHORS, check.check, "check", "envrules check rulesets/my_town.yaml"),
    (AUTHORS, cases.run_cases, "test", "envrules test tests/cases/my_town.yaml"),
    (AUTHORS, coverage.coverage, "coverage", "envrules coverage docs/coverage --write"),
    (AUTHORS, read.read, "read", "envrules read SCHEME --format html --out scheme.html"),
    (AUTHORS, standards.import_standards, "import-standards",
     "envrules import-standards standards.xlsx --out my_city.yaml"),
    (AUTHORS, mutate.mutate, "mutate", "envrules mutate my_town"),
    (AUTHORS, schema.schema, "schema", "envrules schema > ruleset.schema.json"),
    (VENDORS, serve.serve, "serve", "envrules serve --bind my_town=SCHEME"),
    (VENDORS, events.submit, "submit", "envrules submit events.jsonl -l my_town --wait decided"),
    (VENDORS, events.watermark, "watermark",
     "envrules watermark my_town grid-platform '2026-10-08 09:00'"),
    (OFFICES, decisions.decisions, "decisions",
     "envrules decisions my_town --publication proposed --kind slip"),
    (OFFICES, decisions.explain, "explain", "envrules explain my_town 27d760ac"),
    (OFFICES, decisions.approve, "approve", "envrules approve my_town 27d760ac --as chief"),
    (OFFICES, decisions.revoke, "revoke",
     "envrules revoke my_town 27d760ac --as chief --reason '误判'"),
    (OFFICES, standings.standings, "standings",
     "envrules standings my_town SCHEME monthly 2026-10"),
    (OFFICES, standings.statement, "statement", "envrules statement my_town v05 2026-10"),
    (OFFICES, bulletin.report, "report",
     "envrules report my_town 2026-10 --format docx --out bulletin.docx"),
    (OFFICES, standings.geojson, "map", "envrules map my_town SCHEME monthly 2026-10 > map.json"),
    (OFFICES, standings.close, "close", "envrules close my_town SCHEME 2026-10 --as chief"),
    (OPERATORS, operate.localities, "localities", "envrules localities --json"),
    (OPERATORS, revisions.revisions, "revisions", "envrules revisions my_town SCHEME"),
    (OPERATORS, revisions.diff, "diff", "envrules diff current candidate -l my_town"),
    (OPERATORS, operate.publish, "publish",
     "envrules publish my_town SCHEME --set warning_line=65@2027-01-01 --reason '年度调整'"),
    (OPERATORS, whatif.whatif, "whatif",
     "envrules whatif my_town SCHEME --set warning_line=65 --from 2026-07 --to 2026-09"),
    (OPERATORS, whatif.covers, "whatif-coverage", "envrules whatif-coverage my_town"),
    (OPERATORS, whatif.export, "export-log", "envrules export-log my_town --out my_town.parquet"),
    (OPERATORS, whatif.import_, "import-log", "envrules import-log my_town.parquet --db sqlite:///new.db"),
    (OPERATORS, operate.skip, "skip", "envrules skip my_town 4711 --reason '坏记录'"),
    (OPERATORS, workbench.workbench, "workbench", "envrules workbench --rulesets rulesets"),
    (OPERATORS, rebuild.rebuild, "rebuild", "envrules rebuild --db sqlite:///envrules.db"),
)  # fmt: skip

for _group, _command, _name, _example in _COMMANDS:
    app.command(_name, rich_help_panel=_group, epilog=f"Example:  {_example}")(_command)
app.add_typer(codes.app, name="codes", rich_help_panel=OPERATORS)
app.add_typer(tables.app, name="tables", rich_help_panel=OPERATORS)
app.add_typer(tokens.app, name="token", rich_help_panel=OPERATORS)


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
