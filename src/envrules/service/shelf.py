"""The rulesets that callers may name: of the installed schemes, and all that were published."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from envrules.errors import RulesetError
from envrules.ruleset.codes import CodeTableText
from envrules.ruleset.codes_diff import diff_codes
from envrules.ruleset.compile import Scheme
from envrules.ruleset.diff import Change, diff_rulesets
from envrules.ruleset.load import LoadedRuleset, load_ruleset
from envrules.ruleset.overrides import Overrides, with_overrides
from envrules.runtime.library import Library, Revision
from envrules.runtime.runtime import Runtime
from envrules.service.status import not_found
from envrules.store import RevisionRow

log = logging.getLogger(__name__)

LATEST = "latest"


@dataclass(frozen=True)
class Ruleset:
    """One ruleset in one revision: as written, and compiled."""

    source: Revision
    scheme: Scheme

    def changes(self, before: Ruleset) -> list[Change]:
        """Return what differs from another ruleset, overrides and codes included."""
        return [
            *diff_rulesets(before._loaded(), self._loaded()),
            *diff_codes(before.scheme.codes, self.scheme.codes),
        ]

    def _loaded(self) -> LoadedRuleset:
        return with_overrides(
            load_ruleset(self.source.text, self.source.file), self.source.overrides
        )


class Shelf:
    """Finds rulesets. What is only tried out is compiled aside and forgotten."""

    def __init__(self, runtime: Runtime) -> None:
        self._plugins = runtime.library.plugins
        self._library = runtime.library
        self._store = runtime.store
        self._installed: dict[str, Ruleset | None] = {}
        self.is_visible: Callable[[str, str], bool] = lambda _scheme, _revision: True
        """Whether a stored revision is there at all, as far as whoever looks is concerned."""

    def _find(self, slug: str) -> Ruleset | None:
        """Return the ruleset of a scheme as it is installed or was last put here, if it is good."""
        if slug not in self._installed and slug in self._plugins.schemes:
            self._installed[slug] = self._load(slug)
        return self._installed.get(slug)

    def _load(self, slug: str) -> Ruleset | None:
        aside = Library(self._plugins)
        try:
            scheme = aside.add_builtin(slug, {}, 0)
        except RulesetError as error:
            log.error("the ruleset of scheme %s is not good, it is left out:\n%s", slug, error)
            return None
        return Ruleset(aside.source(slug, scheme.revision), scheme)

    def put(self, slug: str, ruleset: Ruleset | None) -> None:
        """Let this be the newest ruleset of a scheme from now on; None: there is no good one."""
        self._installed[slug] = ruleset

    def slugs(self) -> list[str]:
        """Return all schemes of which there is any ruleset."""
        known = {*self._plugins.schemes, *self._installed}
        stored = {row.scheme for row in self._stored()}
        return sorted({slug for slug in known if self._find(slug) is not None} | stored)

    def newest(self, slug: str) -> Ruleset:
        """Return the ruleset last read from the scheme's file, or else the last one published.

        Raises:
            Refusal: NOT_FOUND.
        """
        installed = self._find(slug)
        if installed is not None:
            return installed
        stored = self._stored(slug)
        if not stored:
            raise not_found("SCHEME_NOT_FOUND", f"no scheme {slug!r}")
        last = self.revision(slug, stored[-1].revision).source
        return self.tried(slug, last.text, last.file, {})  # without what is a locality's own

    def _stored(self, slug: str | None = None) -> list[RevisionRow]:
        rows = self._store.list_revisions(slug)
        return [row for row in rows if self.is_visible(row.scheme, row.revision)]

    def revision(self, slug: str, revision: str) -> Ruleset:
        """Return one revision; `latest` is the newest.

        Raises:
            Refusal: NOT_FOUND.
        """
        if revision == LATEST:
            return self.newest(slug)
        installed = self._find(slug)
        if installed is not None and installed.scheme.revision == revision:
            return installed
        try:
            if not self.is_visible(slug, revision):
                raise KeyError(revision)
            return Ruleset(self._library.source(slug, revision), self._library(slug, revision))
        except KeyError:
            raise not_found(
                "REVISION_NOT_FOUND", f"scheme {slug!r} has no revision {revision!r}"
            ) from None

    def tried(
        self, slug: str, text: str, file: str, overrides: Overrides,
        codes: CodeTableText | None = None,
    ) -> Ruleset:  # fmt: skip
        """Return a text compiled, keeping nothing.

        Raises:
            RulesetError: it is not good.
            Refusal: NOT_FOUND, it is the ruleset of another scheme.
        """
        aside = Library(self._plugins)
        scheme = aside.add(text, file, overrides, 0, codes)
        if scheme.slug != slug:
            raise not_found("SCHEME_NOT_FOUND", f"{file} is the ruleset of scheme {scheme.slug!r}")
        return Ruleset(aside.source(slug, scheme.revision), scheme)

    def with_overrides(self, ruleset: Ruleset, overrides: Overrides) -> Ruleset:
        """Return a ruleset with these overrides in place of its own; as it is if there are none.

        Raises:
            RulesetError: they do not suit it.
        """
        if not overrides:
            return ruleset
        source = ruleset.source
        return self.tried(ruleset.scheme.slug, source.text, source.file, overrides, source.codes)

    def with_codes(self, ruleset: Ruleset, codes: CodeTableText | None) -> Ruleset:
        """Return a ruleset with this code table in place of its own.

        Raises:
            RulesetError: it does not suit it.
        """
        source = ruleset.source
        if codes == source.codes:
            return ruleset
        return self.tried(ruleset.scheme.slug, source.text, source.file, source.overrides, codes)
