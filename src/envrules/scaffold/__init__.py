"""A locality's own package: `envrules new` copies `template/`, which works as it stands.

The template is a package like any other, checked and tested like one; a copy differs from it in
slug and title only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from envrules.ruleset.json_schema import FILE_NAME, ruleset_schema

TEMPLATE = Path(__file__).parent / "template"
SAMPLE_SLUG, SAMPLE_TITLE = "sample_town", "示例街道环境整治"

_SLUG = re.compile(r"(?=.{1,64}\Z)[a-z][a-z0-9]*(_[a-z0-9]+)*")
_TITLE_LENGTH = 60


class ScaffoldError(ValueError):
    """A package cannot be written like this: what is wrong, and what to do about it."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def write_package(folder: Path, slug: str, title: str) -> list[Path]:
    """Write the package of a new scheme into `folder`, which must not exist; return its files.

    Raises:
        ScaffoldError: the slug or title cannot be used, or something is there already.
    """
    files = package_files(slug, title)
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise ScaffoldError(
            f"{folder} exists already", "choose another slug or --dir; nothing is overwritten"
        ) from None
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in files]


def package_files(slug: str, title: str) -> Mapping[str, str]:
    """Return the text of each file of a new package by its path within it.

    Raises:
        ScaffoldError: the slug or title cannot be used.
    """
    if not _SLUG.fullmatch(slug):
        raise ScaffoldError(
            f"{slug!r} is no slug",
            "write small English letters and digits, with single _ between: my_town",
        )
    if not title.isprintable() or not 0 < len(title) <= _TITLE_LENGTH or {*title} & {'"', "\\"}:
        raise ScaffoldError(
            f"the title {title!r} cannot be used",
            f'write one line of at most {_TITLE_LENGTH} characters, without " and \\',
        )

    def named(text: str) -> str:
        for sample, ours in (
            (SAMPLE_SLUG, slug),
            (SAMPLE_SLUG.replace("_", "-"), slug.replace("_", "-")),
            (SAMPLE_TITLE, title),
        ):
            text = text.replace(sample, ours)
        return text

    files = {
        named(path.relative_to(TEMPLATE).as_posix()): named(path.read_text(encoding="utf-8"))
        for path in sorted(TEMPLATE.rglob("*"))
        if path.is_file() and path.parent.name != "__pycache__"  # pip compiles what it installs
    }
    schema = json.dumps(ruleset_schema(), ensure_ascii=False, indent=2)
    return files | {FILE_NAME: f"{schema}\n"}
