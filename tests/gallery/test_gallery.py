"""Broken rulesets say exactly what their `expected.txt` holds; catalogue and pages keep in step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from envrules.clauses import pages
from envrules.clauses.committed import stale_pages
from envrules.clauses.run import run_coverage
from envrules.errors import CATALOGUE, Problem, RulesetError
from envrules.plugin_manager import load_plugins
from envrules.ruleset.check import check_files

GALLERY = Path(__file__).parent
PAGES = GALLERY.parents[1] / "docs" / "errors"
BROKEN = sorted(path.name for path in GALLERY.glob("er*"))


def code_of(entry: str) -> str:
    """Return the code that an entry's name begins with."""
    return entry.partition("_")[0].upper()


def report(entry: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what `check` prints for the files of an entry, and `coverage` where it has clauses."""
    monkeypatch.chdir(GALLERY / entry)
    problems = check_files([Path()])
    if Path("coverage").is_dir():
        problems += coverage_problems(Path("coverage"))
    return "".join(f"{problem}\n" for problem in problems)


def coverage_problems(folder: Path) -> list[Problem]:
    """Return what is wrong with a clause list; pages are compared where the entry has any."""
    try:
        found = run_coverage(folder, [Path("worked/broken.yaml")], load_plugins())
    except RulesetError as error:
        return list(error.problems)
    stale = stale_pages(folder, pages(found)) if any(folder.glob("*.md")) else []
    return [*found.problems, *stale]


@pytest.mark.parametrize("entry", BROKEN)
def test_broken_ruleset_says_what_is_expected(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken ruleset gives exactly its expected text, its own code among it."""
    expected = (GALLERY / entry / "expected.txt").read_text(encoding="utf-8")
    assert report(entry, monkeypatch) == expected
    assert f" {code_of(entry)} " in expected


@pytest.mark.parametrize("entry", ["good", "good_coverage"])
def test_good_ruleset_says_nothing(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rulesets that all of them are made from have no problem."""
    assert report(entry, monkeypatch) == ""


def test_every_code_has_an_entry() -> None:
    """Every code of the catalogue is shown by the gallery, and no other code is."""
    assert {code_of(entry) for entry in BROKEN} == set(CATALOGUE)


def test_every_code_has_a_page() -> None:
    """Every code of the catalogue has its page, and every page its code."""
    assert {page.stem for page in PAGES.glob("ER*.md")} == set(CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE)
def test_page_is_true(code: str) -> None:
    """A page bears the catalogue's title, and its example is a part of the gallery."""
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {code}: {CATALOGUE[code]}\n")
    entry = re.search(r"tests/gallery/(er\d\d\d_\w+)", page)
    assert entry is not None
    assert code_of(entry[1]) == code
    said = (GALLERY / entry[1] / "expected.txt").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"^```(yaml|text)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    assert blocks["text"] in said
    if "yaml" in blocks:
        files = (GALLERY / entry[1]).rglob("*.yaml")
        broken = {line for file in files for line in file.read_text(encoding="utf-8").splitlines()}
        assert set(blocks["yaml"].splitlines()) <= broken
