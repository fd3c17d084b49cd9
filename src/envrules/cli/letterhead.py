"""What an office adds to a document: read from a small YAML file, and from options that win."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from envrules.cli.shell import USAGE, Failure
from envrules.report.bulletin import Letterhead

Letter = Annotated[
    Path | None,
    typer.Option(help="YAML with 发文单位, 文号, 签发人, 主送, 抄送, 日期.", metavar="FILE"),
]
Issuer = Annotated[str, typer.Option(help="发文单位.", metavar="TEXT")]
Number = Annotated[str, typer.Option(help="文号.", metavar="TEXT")]
SignedBy = Annotated[str, typer.Option(help="签发人.", metavar="TEXT")]
To = Annotated[str, typer.Option(help="主送.", metavar="TEXT")]
Copy = Annotated[list[str] | None, typer.Option(help="抄送; may be repeated.", metavar="TEXT")]
Dated = Annotated[str, typer.Option(help="日期, as it is to be printed.", metavar="TEXT")]

FIELDS = {
    "发文单位": "issuer", "文号": "number", "签发人": "signatory", "主送": "to", "抄送": "copies",
    "日期": "date",
}  # fmt: skip
"""Field in the file → field of the letterhead; the latter may be used in the file as well."""


def letterhead(file: Path | None, **given: str | list[str] | None) -> Letterhead:
    """Return what the file and the options say; options win, and may be left empty.

    Raises:
        Failure: the file cannot be read, or says something else.
    """
    head = _from_file(file) if file is not None else Letterhead()
    said: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items() if value
    }  # fmt: skip
    return replace(head, **said)


def _from_file(file: Path) -> Letterhead:
    try:
        text = file.read_text(encoding="utf-8")
        data = YAML(typ="safe", pure=True).load(text) if text.strip() else {}
    except UnicodeDecodeError:
        raise Failure(f"{file}: not UTF-8", "save it as UTF-8", USAGE) from None
    except YAMLError as error:
        raise Failure(f"{file}: {' '.join(str(error).split())}", "it is no YAML", USAGE) from None
    known = f"write only {'、'.join(FIELDS)}, a line each, such as 文号: 云环办〔2026〕7号"
    if not isinstance(data, dict):
        raise Failure(f"{file}: no fields", known, USAGE)
    found: dict[str, Any] = {}
    for key, value in data.items():
        name = str(FIELDS.get(key, key))
        if name not in FIELDS.values():
            raise Failure(f"{file}: unknown field {key}", known, USAGE)
        several = value if isinstance(value, list) else [value]
        if any(isinstance(item, dict | list) for item in several):
            raise Failure(f"{file}: {key} must be text", known, USAGE)
        texts = tuple(_printed(item) for item in several if item is not None)
        found[name] = texts if name == "copies" else "，".join(texts)
    return Letterhead(**found)


def _printed(value: object) -> str:
    """Return a value as documents print it; YAML reads 2026-08-05 as a date."""
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    return str(value)
