"""`envrules read`: a ruleset as officials read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from envrules.cases import FileResult, factory_for, load_cases, run_file
from envrules.cli.cases import USUAL
from envrules.cli.shell import REFUSED, USAGE, Failure, say
from envrules.errors import RulesetError
from envrules.plugin_manager import Plugins, load_plugins
from envrules.report.edition import Edition, as_html, as_text, edition_of
from envrules.ruleset.check import SUFFIXES, read_text
from envrules.ruleset.load import load_ruleset
from envrules.runtime.library import Library, shown


class Format(StrEnum):
    """How an edition is written; the value is the ending of its file."""

    HTML = "html"
    TEXT = "text"


_WRITERS: Mapping[Format, Callable[[Edition], str]] = {Format.HTML: as_html, Format.TEXT: as_text}
_ENDINGS = {Format.HTML: ".html", Format.TEXT: ".md"}


def read(
    what: Annotated[
        str, typer.Argument(help="Scheme (slug), or a ruleset file.", metavar="SLUG|FILE")
    ] = "",
    form: Annotated[
        Format, typer.Option("--format", help="A page to print, or text.")
    ] = Format.HTML,
    out: Annotated[Path | None, typer.Option(help="File to write, or with --all a folder.")] = None,
    cases: Annotated[
        Path | None,
        typer.Option(help="Worked cases; default: tests/cases/SLUG.yaml, if it is there."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All schemes that are installed, each in a file.")
    ] = False,
) -> None:
    """Tell a scheme in plain Chinese, clause by clause, for an official to sign off.

    Its worked cases are run, and named beside the rules that they prove.
    """
    if every == bool(what) or (every and (out is None or cases is not None)):
        raise Failure("name one scheme or file, or --all with a folder --out", code=USAGE)
    plugins = load_plugins()
    try:
        if not every:
            edition = _edition(_ruleset(what, plugins), cases, plugins)
            _write(_WRITERS[form](edition), out)
            _complain_of_cases([edition])
            return
        assert out is not None
        out.mkdir(parents=True, exist_ok=True)
        editions = [_edition(s.ruleset, None, plugins) for s in plugins.schemes.values()]
    except RulesetError as error:
        for problem in error.problems:
            print(problem)
        raise typer.Exit(REFUSED) from None
    for edition in editions:
        _write(_WRITERS[form](edition), out / f"{edition.slug}{_ENDINGS[form]}")
    _complain_of_cases(editions)


def _ruleset(what: str, plugins: Plugins) -> Path:
    """Return the file that is meant: a scheme's, or the one that is named."""
    if source := plugins.schemes.get(what):
        return source.ruleset
    if Path(what).suffix in SUFFIXES:
        return Path(what)
    known = ", ".join(plugins.schemes)
    raise Failure(f"there is no scheme {what}", f"name a file, or one of {known}")


def _edition(path: Path, cases: Path | None, plugins: Plugins) -> Edition:
    text, file = read_text(path), shown(path)
    scheme = Library(plugins).add(text, file, {}, 0)
    result = _run(path, scheme.slug, cases, plugins)
    return edition_of(load_ruleset(text, file), scheme.revision, result)


def _run(path: Path, slug: str, cases: Path | None, plugins: Plugins) -> FileResult | None:
    """Return what the scheme's cases show of this ruleset; None if there are none at hand."""
    usual = (folder / f"{slug}.yaml" for folder in USUAL)
    file = cases or next((one for one in usual if one.is_file()), None)
    if file is None:
        say(f"{slug}: no worked cases at hand; name them with --cases")
        return None
    loaded = load_cases(read_text(file), str(file))
    return run_file(loaded, factory_for(loaded, plugins, path))


def _write(text: str, out: Path | None) -> None:
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")
        say(f"{out}")


def _complain_of_cases(editions: Iterable[Edition]) -> None:
    """End with an error if some case does not hold; the edition says which."""
    failed = [e.slug for e in editions if not all(case.passed for case in e.cases or ())]
    if failed:
        raise Failure(f"cases of {', '.join(failed)} do not hold", "see envrules test")
