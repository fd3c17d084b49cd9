"""The coverage pages as files beside the clause lists: written, and compared with what is true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from envrules.errors import Problem


def write_pages(folder: Path, pages: Mapping[str, str]) -> None:
    """Write the pages, and remove those of schemes that the lists no longer name."""
    for name in _leftover(folder, pages):
        (folder / name).unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def stale_pages(folder: Path, pages: Mapping[str, str]) -> list[Problem]:
    """Return a problem for each page that is missing, left over, or not as it would be written."""
    problems = []
    for name, text in pages.items():
        line = _first_difference(folder / name, text)
        if line:
            problems.append(_stale(folder / name, line, "is out of date"))
    return problems + [
        _stale(folder / name, 1, "is about no scheme of the lists")
        for name in _leftover(folder, pages)
    ]


def _stale(path: Path, line: int, said: str) -> Problem:
    return Problem(
        str(path), line, 1, "ER807", f"the page {said}",
        f"run: envrules coverage {path.parent} --write",
    )  # fmt: skip


def _first_difference(path: Path, text: str) -> int:
    """Return the first line that differs from the file's, from 1; 0 if none does."""
    there = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    wanted = text.splitlines()
    if there == wanted:
        return 0
    pairs = zip(there, wanted, strict=False)
    return next(
        (n for n, (a, b) in enumerate(pairs, 1) if a != b), min(len(there), len(wanted)) + 1
    )


def _leftover(folder: Path, pages: Mapping[str, str]) -> Iterator[str]:
    return (path.name for path in sorted(folder.glob("*.md")) if path.name not in pages)
