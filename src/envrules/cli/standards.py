"""`envrules import-standards`: a city's standard in Excel or CSV becomes a ruleset."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from envrules.cli.shell import REFUSED, USAGE, AsJson, Failure, show, show_json
from envrules.errors import errors_in
from envrules.excel.limits import DayUnit, HourUnit, Reading
from envrules.excel.problems import NoWorkbook, Place
from envrules.excel.sheets import read_sheets
from envrules.excel.standards import ObjectClass, Standard, read_standard
from envrules.excel.standards_yaml import Target, assumptions, codes_text, ruleset_text
from envrules.kinds.common import Start, Stop
from envrules.model.values import ALWAYS
from envrules.report.tables import section, table
from envrules.ruleset.check import SUFFIXES, check_text
from envrules.ruleset.check_codes import check_codes_text
from envrules.ruleset.check_values import is_date
from envrules.ruleset.codes import CodeTableText
from envrules.ruleset.load import load_ruleset


def import_standards(
    files: Annotated[
        list[Path], typer.Argument(help="The standard: .xlsx, all its sheets, or .csv.")
    ],
    out: Annotated[Path, typer.Option(help="Ruleset to write; its name is the scheme's slug.")],
    title: Annotated[str, typer.Option(help="Title of the scheme; default: the heading.")] = "",
    codes: Annotated[
        Path | None, typer.Option(help="Code table to write; default: OUT with .codes.yaml.")
    ] = None,
    days: Annotated[DayUnit, typer.Option(help="What 天 means.")] = "working_days",
    hours: Annotated[HourUnit, typer.Option(help="What 小时 means.")] = "working_hours",
    kind: Annotated[
        ObjectClass | None,
        typer.Option("--class", help="What sheets list that say neither 部件 nor 事件."),
    ] = None,
    starts: Annotated[Start, typer.Option(help="Where limits begin.")] = "dispatched",
    stops: Annotated[Stop, typer.Option(help="What ends them.")] = "verified",
    since: Annotated[str, typer.Option(help="Date from which the limits hold.")] = "always",
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
    as_json: AsJson = False,
) -> None:
    """Turn a standard (立案、处置和结案标准) into a ruleset and a code table.

    Classes become categories with their filing conditions, and each limit a parameter with a
    deadline. Every cell that cannot be read is listed, and the exit code is then 1, though the
    files are written; every row is accounted for.
    """
    if not re.fullmatch("[a-z][a-z0-9_]*", out.stem) or out.suffix not in SUFFIXES:
        raise Failure(
            f"{out.name} names no scheme",
            "call it like my_city.yaml: small letters, digits, _",
            USAGE,
        )
    if since != ALWAYS and not is_date(since):
        raise Failure(f"{since} is not a date", "write --since 2027-01-01", USAGE)
    table_file = codes or out.with_suffix(".codes.yaml")
    for file in (out, table_file):
        if file.exists() and not force:
            raise Failure(f"{file} exists", "choose another --out, or give --force")
    reading = Reading(days, hours)
    standard = _read(files, reading, kind)
    target = Target(
        out.stem, title or _title(standard), tuple(file.name for file in files), reading,
        starts, stops, since,
    )  # fmt: skip
    _write(standard, target, out, table_file)
    if as_json:
        show_json(_as_json(standard, target, out, table_file))
    else:
        show(*_report(standard, target, out, table_file))
    if standard.problems:
        raise typer.Exit(REFUSED)


def _read(files: list[Path], reading: Reading, kind: ObjectClass | None) -> Standard:
    try:
        sheets = [sheet for file in files for sheet in read_sheets(file)]
    except NoWorkbook as error:
        raise Failure(str(error), error.fix) from None
    standard = read_standard(sheets, reading, kind)
    if not any(standard.limits()):
        for problem in standard.problems[:20]:
            print(problem)
        raise Failure("no limit could be read: nothing is written", "see the cells above")
    return standard


def _title(standard: Standard) -> str:
    """Return the heading of the first sheet that has one, without what it says of the sheet."""
    heading = standard.headings[0] if standard.headings else "立案、处置和结案标准"
    return heading.partition("(")[0].partition("（")[0] or heading


def _write(standard: Standard, target: Target, out: Path, table_file: Path) -> None:
    """Write both files, once `check` finds nothing wrong with them."""
    rules, table_text = ruleset_text(standard, target), codes_text(standard, target)
    problems = errors_in(check_text(rules, str(out)))
    if not problems:
        spec = load_ruleset(rules, str(out)).spec
        problems = errors_in(check_codes_text(CodeTableText(str(table_file), table_text), spec))
    if problems:
        for problem in problems:
            print(problem)
        raise Failure(
            "the ruleset of this standard would not be good: nothing is written",
            "put right in the standard what the messages name",
        )
    out.write_text(rules, encoding="utf-8")
    table_file.write_text(table_text, encoding="utf-8")


def _report(
    standard: Standard, target: Target, out: Path, table_file: Path
) -> list[RenderableType]:
    accounts = table()
    for heading in ("工作表", "数据行", "已导入", "待处理", "未用的列"):
        accounts.add_column(
            heading, justify="left" if heading in ("工作表", "未用的列") else "right"
        )
    for one in standard.accounts:
        cells = one.sheet, one.rows, one.imported, one.reported, "、".join(one.unused)
        accounts.add_row(*(Text(str(cell)) for cell in cells))
    limits = {(limit.unit, limit.amount) for _, _, limit in standard.limits()}
    written = (
        f"{out}: {len(standard.classes)} 个问题类别，"
        f"{sum(len(c.conditions) for c in standard.classes.values())} 项立案条件，{len(limits)} 种时限"
    )
    parts: list[RenderableType] = [Text(f"{written}\n{table_file}: 类别代码对应表\n"), accounts]
    parts.append(section("标准未写明而取定的", Text("\n".join(assumptions(standard, target)))))
    if standard.notes:
        notes = "\n".join(f"{place}: {text}" for place, text in standard.notes)
        parts.append(section("与单元格原样不同的读法", Text(notes)))
    if standard.problems:
        problems = "\n".join(map(str, standard.problems))
        parts.append(section(f"未能读入的单元格（{len(standard.problems)}）", Text(problems)))
    return parts


def _as_json(standard: Standard, target: Target, out: Path, table_file: Path) -> dict[str, Any]:
    def note(place: Place, text: str) -> dict[str, str]:
        return {"file": place.file, "cell": place.cell, "text": text}

    return {
        "ruleset": str(out), "codes": str(table_file),
        "sheets": [
            {"sheet": one.sheet, "rows": one.rows, "imported": one.imported,
             "reported": one.reported, "unused_columns": list(one.unused)}
            for one in standard.accounts
        ],
        "assumptions": assumptions(standard, target),
        "notes": [note(place, text) for place, text in standard.notes],
        "problems": [problem.to_json() for problem in standard.problems],
    }  # fmt: skip
