"""Workbooks that somebody made to do harm: refused in a line, before they take memory or time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from envrules.excel import package, sheets
from envrules.excel.problems import NoWorkbook
from envrules.excel.sheets import read_sheets

SHEET = "xl/worksheets/sheet1.xml"


def workbook() -> bytes:
    """A small good workbook."""
    book, raw = Workbook(), io.BytesIO()
    book.active.append(["大类", "小类"])
    book.save(raw)
    return raw.getvalue()


def changed(change: Callable[[str], str], part: str = SHEET, name: str = "") -> bytes:
    """The same with one part changed, and perhaps renamed."""
    raw = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(raw, "w") as new:
        for entry in old.namelist():
            text = old.read(entry)
            if name:
                text = text.replace(part.encode(), name.encode())
            if entry == part:
                text = change(text.decode()).encode()
                entry = name or entry
            new.writestr(entry, text, zipfile.ZIP_DEFLATED)
    return raw.getvalue()


def after_data(xml: str) -> Callable[[str], str]:
    """Put something behind the cells of a sheet."""
    return lambda text: text.replace("</sheetData>", f"</sheetData>{xml}")


def merged(block: str) -> Callable[[str], str]:
    """Merge a block of cells."""
    return after_data(f'<mergeCells count="1"><mergeCell ref="{block}"/></mergeCells>')


def entities(text: str) -> str:
    """Declare entities that multiply."""
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    declared = f'<!DOCTYPE worksheet [<!ENTITY e0 "ha">{lines}]>'
    head, sep, rest = text.partition("<worksheet")
    return f"{head}{declared}{sep}{rest}".replace("<sheetData>", "<sheetData><!-- -->&e9;")


def bomb() -> bytes:
    """A part that unpacks to more than may be."""
    raw = io.BytesIO(workbook())
    with zipfile.ZipFile(raw, "a", zipfile.ZIP_DEFLATED) as new, new.open("xl/x.xml", "w") as part:
        for _ in range(package.MAX_UNPACKED // (1 << 20) + 1):
            part.write(b" " * (1 << 20))
    return raw.getvalue()


def many_parts() -> bytes:
    """More parts than a workbook has."""
    raw = io.BytesIO(workbook())
    with zipfile.ZipFile(raw, "a") as new:
        for n in range(package.MAX_PARTS):
            new.writestr(f"xl/x{n}.bin", b"")
    return raw.getvalue()


def refused(folder: Path, raw: bytes, why: str, name: str = "x.xlsx") -> None:
    """Read a file that must be refused for this."""
    file = folder / name
    file.write_bytes(raw)
    with pytest.raises(NoWorkbook, match=why):
        read_sheets(file)


HOSTILE: dict[str, tuple[Callable[[str], str], str]] = {
    "all merged": (merged("A1:XFD1048576"), "joins"),
    "long merge": (merged("$A$1:$C$999999"), "joins"),
    "all linked": (
        after_data('<hyperlinks><hyperlink ref="A1:XFD1048576" location="x"/></hyperlinks>'),
        "joins",
    ),
    "entities": (entities, "document type"),
    "cut off": (lambda text: text[:-20], "not XML"),
    "deep": (after_data("<a>" * 100 + "</a>" * 100), "levels deep"),
    "no such place": (
        lambda text: text.replace(
            "<sheetData>", '<sheetData><row r="x"><c r="?"><v>1</v></c></row>'
        ),
        "not an .xlsx",
    ),
    "no such style": (
        lambda text: text.replace(
            "<sheetData>", '<sheetData><row r="9"><c r="A9" s="9999"><v>1</v></c></row>'
        ),
        "not an .xlsx",
    ),
}


@pytest.mark.parametrize(("change", "why"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_sheets(tmp_path: Path, change: Callable[[str], str], why: str) -> None:
    """Blocks as large as a sheet, entities, depth, and what is merely damaged."""
    refused(tmp_path, changed(change), why)


def test_a_sheet_by_another_name(tmp_path: Path) -> None:
    """A sheet is found out whatever its part is called."""
    raw = changed(merged("A1:XFD1048576"), name="xl/worksheets/sheet1.png")
    refused(tmp_path, raw, "joins")


def test_what_unpacks_to_too_much(tmp_path: Path) -> None:
    """A zip bomb is refused by what it says of itself, and so are parts without number."""
    raw = bomb()
    assert len(raw) < 1_000_000
    refused(tmp_path, raw, "unpacks")
    refused(tmp_path, many_parts(), "parts")


def test_too_many_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells that are there are counted, and so is the room between them."""
    far = '<sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    refused(tmp_path, changed(lambda text: text.replace("<sheetData>", far)), "spreads over")
    monkeypatch.setattr(package, "MAX_CELLS", 100)
    row = "<row>" + "<c><v>1</v></c>" * 101 + "</row>"
    refused(
        tmp_path, changed(lambda text: text.replace("<sheetData>", f"<sheetData>{row}")), "joins"
    )


@pytest.mark.parametrize(
    "raw", [b"\n" * 1001, b"," * 1001, b"a,b\n" * 400], ids=["lines", "cells", "both"]
)
def test_a_csv_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    """Lines and cells of a CSV file are counted while it is read."""
    monkeypatch.setattr(sheets, "MAX_CELLS", 1000)
    refused(tmp_path, raw, "spreads over", "x.csv")


def test_a_cell_of_a_csv_that_does_not_end(tmp_path: Path) -> None:
    """A quote that is never closed is told."""
    refused(tmp_path, b'"' + b"x" * 200_000, "not CSV", "x.csv")


@pytest.mark.parametrize(
    "raw", [b"", b"PK", b"PK\x03\x04" * 50, workbook()[:-30], bytes(1000)], ids=range(5)
)
def test_what_is_no_workbook(tmp_path: Path, raw: bytes) -> None:
    """Half a file, or none, is told in a line."""
    refused(tmp_path, raw, "not an .xlsx workbook")


def test_a_good_one_is_read(tmp_path: Path) -> None:
    """The same workbook, unharmed, is read."""
    (tmp_path / "x.xlsx").write_bytes(changed(merged("A1:B1")))
    (sheet,) = read_sheets(tmp_path / "x.xlsx")
    assert sheet.at(1, 1) == "大类"
    assert sheet.merged == {(1, 1): (1, 1), (1, 2): (1, 1)}
