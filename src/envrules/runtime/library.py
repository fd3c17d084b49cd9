"""The rulesets in use: stored by content, compiled once, found by scheme and revision."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import msgspec

from envrules import __version__
from envrules.errors import Problem, RulesetError, errors_in
from envrules.model.base import Frozen, Instant, canonical_json
from envrules.plugin_manager import Plugins
from envrules.ruleset.check import check_ruleset
from envrules.ruleset.check_codes import check_codes
from envrules.ruleset.codes import CodeTableText, LoadedCodes, load_codes, with_codes
from envrules.ruleset.compile import Scheme, compile_ruleset
from envrules.ruleset.load import LoadedRuleset, load_ruleset
from envrules.ruleset.overrides import Overrides, with_overrides
from envrules.ruleset.revision import revision_id
from envrules.runtime.recent import Recent
from envrules.store import Store

CALENDAR_DATA = f"chinesecalendar {version('chinesecalendar')}"
KEPT, FEW = 512, 16
"""Revisions kept compiled, about 0.1 MB each: those in use, and a few of the last edits."""
TEXTS = 4
"""Texts kept as they were checked: one whose values are tried one after another."""


class Revision(Frozen):
    """What is stored of a revision: all that it takes to compile it again."""

    file: str
    text: str
    overrides: dict[str, dict[str, str]] = {}
    codes: CodeTableText | None = None

    @staticmethod
    def decode(payload: bytes) -> Revision:
        """Return a revision from its stored form."""
        return _decode(payload)


_decode = msgspec.json.Decoder(Revision).decode


class Library:
    """Compiled schemes by revision. Safe to share between threads: compiling twice does no harm."""

    def __init__(self, plugins: Plugins, store: Store | None = None) -> None:
        """Without a store, only the last `KEPT` revisions that were added are known."""
        self.plugins = plugins
        self._store = store
        self._known: Recent[tuple[str, str], Revision] = Recent(KEPT, FEW)
        self._compiled: Recent[tuple[str, str], Scheme] = Recent(KEPT, FEW)
        self._texts: Recent[tuple[str, str], LoadedRuleset] = Recent(TEXTS)

    def __call__(self, scheme: str, revision: str) -> Scheme:
        """Return the compiled scheme of a revision; KeyError for one that nobody has added."""
        found = self._compiled.get((scheme, revision))
        if found is None:
            stored = self.source(scheme, revision)
            loaded = load_ruleset(stored.text, stored.file)
            codes = load_codes(stored.codes) if stored.codes is not None else None
            found = self._compile(loaded, revision, stored.overrides, codes)
        return found

    def source(self, scheme: str, revision: str) -> Revision:
        """Return a revision as it was added; KeyError if there is none."""
        known = self._known.get((scheme, revision))
        if known is None:
            payload = self._store.get_revision(scheme, revision) if self._store else None
            if payload is None:
                raise KeyError(f"no revision {revision} of scheme {scheme}")
            known = _decode(payload)
            self._known.put((scheme, revision), known)
        return known

    def add(
        self, text: str, file: str, overrides: Overrides, at: Instant,
        codes: CodeTableText | None = None,
    ) -> Scheme:  # fmt: skip
        """Check, compile and keep a ruleset, with a locality's own values and its host's codes.

        Raises:
            RulesetError: the ruleset or the code table is not good; nothing is kept.
        """
        loaded = self.loaded(text, file)
        _check_overrides(loaded, overrides)
        table = _checked(codes, loaded) if codes is not None else None
        slug = loaded.spec.ruleset
        own = {name: dict(values) for name, values in overrides.items() if values}
        source = self.plugins.schemes.get(slug)
        versions = {"envrules": __version__, slug: source.version if source else ""}
        revision = revision_id(
            loaded, overrides=own, calendar=CALENDAR_DATA, versions=versions, codes=table
        )
        given = Revision(file, text, own, codes)
        if self._keep(slug, revision, given, at) != given:
            return self(slug, revision)
        return self._compile(loaded, revision, own, table)

    def loaded(self, text: str, file: str) -> LoadedRuleset:
        """Return a ruleset as it is written, checked; the last ones are kept.

        Raises:
            RulesetError: the ruleset is not good.
        """
        known = self._texts.get((text, file))
        if known is None:
            known = load_ruleset(text, file)
            problems = errors_in(check_ruleset(known))
            if problems:
                raise RulesetError(problems)
            self._texts.put((text, file), known)
        return known

    def add_builtin(
        self, slug: str, overrides: Overrides, at: Instant, codes: CodeTableText | None = None
    ) -> Scheme:
        """Add the ruleset that the scheme's plugin brings; KeyError for an unknown scheme."""
        path = self.plugins.schemes[slug].ruleset
        return self.add(path.read_text(encoding="utf-8"), shown(path), overrides, at, codes)

    def _keep(self, slug: str, revision: str, given: Revision, at: Instant) -> Revision:
        """Keep a revision as it was first written; return that.

        Another comment or file name is no other revision, and decisions cite the lines of one text.
        """
        try:
            return self.source(slug, revision)
        except KeyError:
            if self._store is not None:
                self._store.put_revision(slug, revision, canonical_json(given), at)
            self._known.put((slug, revision), given)
            return given

    def _compile(
        self, loaded: LoadedRuleset, revision: str, overrides: Overrides, codes: LoadedCodes | None
    ) -> Scheme:
        slug = loaded.spec.ruleset
        scheme = compile_ruleset(loaded, revision, overrides, self.plugins.classifier(slug))
        scheme = with_codes(scheme, codes)
        self._compiled.put((slug, revision), scheme)
        return scheme


def shown(path: Path) -> str:
    """Return how a ruleset file is named in explanations: its folder and name, on any machine."""
    return f"{path.parent.name}/{path.name}"


def _check_overrides(loaded: LoadedRuleset, overrides: Overrides) -> None:
    """A locality may only set parameters that the scheme has, to values that suit them."""
    unknown = sorted(overrides.keys() - loaded.spec.parameters.keys())
    if unknown:
        raise RulesetError([
            Problem(loaded.file, 1, 1, "ER301", f"override of unknown parameter {name}",
                    "name a parameter of the ruleset")
            for name in unknown
        ])  # fmt: skip
    problems = errors_in(check_ruleset(with_overrides(loaded, overrides)))
    if problems:
        raise RulesetError(problems)


def _checked(codes: CodeTableText, ruleset: LoadedRuleset) -> LoadedCodes:
    loaded = load_codes(codes)
    problems = errors_in(check_codes(loaded, ruleset.spec))
    if problems:
        raise RulesetError(problems)
    return loaded
