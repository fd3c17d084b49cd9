"""Writing a document as a page, for Word or for Excel: what the commands that make one share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from envrules.cli.shell import USAGE, Failure, say
from envrules.report.bulletin import Document, as_html


class Format(StrEnum):
    """How a document is written; the value is the ending of its file."""

    HTML = "html"
    DOCX = "docx"
    XLSX = "xlsx"


Form = Annotated[
    Format, typer.Option("--format", help="A page to print, a document to edit, or tables.")
]
Out = Annotated[Path | None, typer.Option(help="File to write.", metavar="FILE")]


def check_out(form: Format, out: Path | None) -> None:
    """Refuse to print what only a file can hold."""
    if form is not Format.HTML and out is None:
        raise Failure(f"{form} goes into a file", f"name it with --out FILE.{form}", USAGE)


def write(document: Document, form: Format, out: Path | None) -> None:
    """Write a document, to stdout if no file is named.

    Raises:
        Failure: the extra that writes this format is not installed.
    """
    content = _written(document, form)
    if out is None:
        print(content.decode(), end="")
    else:
        out.write_bytes(content)
        say(f"{out}")


def _written(document: Document, form: Format) -> bytes:
    # Imported where they are needed: they are extras, and most commands do without them.
    try:
        match form:
            case Format.DOCX:
                from envrules.report.bulletin.docx import as_docx

                return as_docx(document)
            case Format.XLSX:
                from envrules.report.bulletin.xlsx import as_xlsx

                return as_xlsx(document)
            case Format.HTML:
                return as_html(document).encode()
    except ModuleNotFoundError as missing:
        fix = "pip install 'envrules[reports]'"
        raise Failure(f"{form} needs {missing.name}, which is not installed", fix) from None
