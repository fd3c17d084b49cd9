"""From a file of cases to the scheme that they are about."""

from __future__ import annotations

from os.path import normpath
from pathlib import Path

from envrules.cases.model import CaseFile, Overrides
from envrules.cases.results import SchemeFactory
from envrules.errors import Problem, RulesetError
from envrules.model.base import canonical_json
from envrules.plugin_manager import Plugins
from envrules.ruleset.check import read_text
from envrules.ruleset.codes import CodeTableText
from envrules.ruleset.compile import Scheme
from envrules.runtime.library import Library, shown


def factory_for(cases: CaseFile, plugins: Plugins, ruleset: Path | None = None) -> SchemeFactory:
    """Return the factory of the scheme that `cases` are about.

    The ruleset is `ruleset`, or the one that the file names, relative to itself, or else the
    plugin's.

    Raises:
        RulesetError: there is no such scheme, or its ruleset cannot be read.
    """
    path = ruleset or ruleset_of(cases, plugins)
    text, library = read_text(path), Library(plugins)

    known: dict[bytes, Scheme] = {}

    def compiled(overrides: Overrides, /, codes: str = "") -> Scheme:
        key = canonical_json((overrides, codes))  # most cases of a file set the same, or nothing
        if key not in known:
            known[key] = added(overrides, codes)
        return known[key]

    def added(overrides: Overrides, codes: str) -> Scheme:
        scheme = library.add(text, shown(path), overrides, 0, table_at(codes))
        if scheme.slug != cases.scheme:
            raise _refused(
                cases, f"the cases are about {cases.scheme}, their ruleset is {scheme.slug}",
                "correct `scheme:` or `ruleset:`",
            )  # fmt: skip
        return scheme

    return compiled


def table_at(path: str) -> CodeTableText | None:
    """Return the code table that a case names by its path, or None for no path.

    Raises:
        RulesetError: the file cannot be read.
    """
    return CodeTableText(shown(Path(path)), read_text(Path(path))) if path else None


def ruleset_of(cases: CaseFile, plugins: Plugins) -> Path:
    """Return the ruleset file that `cases` are about.

    Raises:
        RulesetError: the cases name none, and no plugin brings the scheme.
    """
    if cases.ruleset:
        return Path(normpath(Path(cases.file).parent / cases.ruleset))
    source = plugins.schemes.get(cases.scheme)
    if source is None:
        known = ", ".join(plugins.schemes)
        raise _refused(
            cases, f"no plugin brings the scheme {cases.scheme}; there is {known}",
            "install its plugin, or name its file with `ruleset:`",
        )  # fmt: skip
    return source.ruleset


def _refused(cases: CaseFile, message: str, fix: str) -> RulesetError:
    return RulesetError([Problem(cases.file, 1, 1, "ER303", message, fix)])
