"""An .xlsx file before it is opened: a zip of XML parts that must be no larger than they look.

A workbook of a few kilobytes can unpack to gigabytes, hold entities that multiply, or merge a
block of cells as large as a sheet may be, each cell of which the library would then make. So every
part is read once, in pieces, by a parser that builds nothing.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import IO
from xml.parsers import expat

MAX_PARTS = 1_000
MAX_UNPACKED = 100_000_000
MAX_DEPTH = 64
MAX_CELLS = 1_000_000
"""Cells of a sheet, and cells of all its merged or linked blocks together."""

_PIECE = 1 << 16
_BLOCKS = frozenset({"mergeCell", "hyperlink", "f"})
"""Elements whose `ref` names a block of cells that are visited one by one."""
_BLOCK = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7}):\$?([A-Z]{1,3})\$?([0-9]{1,7})", re.IGNORECASE)


class BadPackage(Exception):
    """The file is not safe to open; the message says why."""


def check_package(raw: bytes) -> None:
    """Do nothing if this is a zip of bearable XML parts.

    Raises:
        BadPackage: it is not.
        zipfile.BadZipFile: it is no zip, or a damaged one.
    """
    with zipfile.ZipFile(io.BytesIO(raw)) as package:
        parts = package.infolist()
        if len(parts) > MAX_PARTS:
            raise BadPackage(f"it has more than {MAX_PARTS} parts")
        # What a part says of its size is never exceeded when it is read.
        if sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise BadPackage(f"it unpacks to more than {MAX_UNPACKED} bytes")
        for part in parts:
            with package.open(part) as opened:
                _Part(part.filename).read(opened)


class _Part:
    """One part, counted while it is parsed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._depth = self._cells = self._blocks = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, opened: IO[bytes]) -> None:
        """Parse all of it."""
        try:
            while piece := opened.read(_PIECE):
                self._parser.Parse(piece, False)
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            # A picture is none; but any name may be given to a sheet, so all parts are read.
            if PurePosixPath(self._name).suffix.lower() in (".xml", ".rels"):
                raise BadPackage(f"{self._name} is not XML: {error}") from None

    def _doctype(self, *_: object) -> None:
        # Entities are declared nowhere else.
        raise BadPackage(f"{self._name} declares a document type, which no workbook needs")

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadPackage(f"{self._name} is nested more than {MAX_DEPTH} levels deep")
        name = tag.rpartition(":")[2]
        if name == "c":
            self._cells += 1
        elif name in _BLOCKS:
            self._blocks += _size(attributes.get("ref", ""))
        if max(self._cells, self._blocks) > MAX_CELLS:
            raise BadPackage(f"{self._name} has, or joins, more than {MAX_CELLS} cells")

    def _end(self, _tag: str) -> None:
        self._depth -= 1


def _size(block: str) -> int:
    """Return the number of cells of a block such as A1:C3; one cell alone is 1."""
    match = _BLOCK.fullmatch(block)
    if match is None:
        return 1
    left, top, right, bottom = match.groups()
    return (abs(_column(right) - _column(left)) + 1) * (abs(int(bottom) - int(top)) + 1)


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
