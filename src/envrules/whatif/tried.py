"""A ruleset that is tried: compiled aside, and what it changes."""

from __future__ import annotations

from dataclasses import dataclass

from envrules.errors import Problem, RulesetError
from envrules.plugin_manager import Plugins
from envrules.ruleset.codes_diff import diff_codes
from envrules.ruleset.compile import Scheme
from envrules.ruleset.diff import diff_rulesets
from envrules.ruleset.load import LoadedRuleset, load_ruleset
from envrules.ruleset.overrides import Overrides, with_overrides
from envrules.runtime.library import Library, Revision
from envrules.whatif.model import Changed


@dataclass(frozen=True, slots=True)
class Tried:
    """A ruleset compiled aside: as written, and as the engine sees it."""

    source: Revision
    scheme: Scheme
    read: LoadedRuleset | None = None
    """As it is written, if that has been read already."""

    def loaded(self) -> LoadedRuleset:
        """Return it with the locality's own values in place."""
        read = self.read or load_ruleset(self.source.text, self.source.file)
        return with_overrides(read, self.source.overrides)


def compiled(
    plugins: Plugins, scheme: str, source: Revision, library: Library | None = None
) -> Tried:
    """Return a ruleset compiled; nothing is kept, but in a library for what is tried.

    Raises:
        RulesetError: it is not good, or it is the ruleset of another scheme.
    """
    aside = library or Library(plugins)
    found = aside.add(source.text, source.file, source.overrides, 0, source.codes)
    if found.slug != scheme:
        raise RulesetError([
            Problem(source.file, 1, 1, "ER303", f"it is the ruleset of scheme {found.slug}",
                    f"give one of scheme {scheme}")
        ])  # fmt: skip
    return Tried(source, found, aside.loaded(source.text, source.file))


def merged(own: Overrides, more: Overrides) -> dict[str, dict[str, str]]:
    """Return the locality's own values with others set: day by day, as `publish --set` does."""
    found = {name: dict(values) for name, values in own.items()}
    for name, values in more.items():
        found.setdefault(name, {}).update(values)
    return found


def changed(before: Tried, after: Tried) -> tuple[Changed, ...]:
    """Return what differs between two rulesets, own values and codes included."""
    found = [
        *diff_rulesets(before.loaded(), after.loaded()),
        *diff_codes(before.scheme.codes, after.scheme.codes),
    ]
    return tuple(Changed(c.path, c.title, c.before, c.after, c.since, str(c)) for c in found)
