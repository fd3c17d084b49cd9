"""Candidates: what a locality would be judged by, were its watched file put into force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from envrules.engine.kept import Binding
from envrules.errors import Problem, RulesetError
from envrules.model.base import digest
from envrules.ruleset.diff import Change
from envrules.runtime.library import Revision
from envrules.runtime.recent import Recent
from envrules.service.host import Host
from envrules.service.publishing import reaches_back
from envrules.service.shelf import LATEST, Ruleset

_KEPT = 256


@dataclass(frozen=True, slots=True)
class Candidate:
    """The file of a scheme with one locality's own values and codes."""

    scheme: str
    revision: str
    in_force: str
    """Revision that it would follow."""
    changes: Sequence[Change]
    retroactive: bool
    """It changes values dated before today: nothing but an operator's word publishes it."""


class Candidates:
    """Finds the candidates of localities. They are stored as revisions, to be published by name."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._known: Recent[tuple[str, str, str, date], Candidate] = Recent(_KEPT)

    def of(self, binding: Binding) -> Candidate | None:
        """Return the candidate that would follow what is in force; None: nothing would change.

        Raises:
            RulesetError: the file is good, but not with the locality's own values and codes.
        """
        watched = self._host.watched[binding.scheme]
        if watched is None or watched.problems:
            return None
        shelf = self._host.shelf
        file = shelf.revision(binding.scheme, LATEST).source
        before = shelf.revision(binding.scheme, binding.revision)
        if file.text == before.source.text:
            return None
        today = before.scheme.day(self._host.runtime.clock())
        key = (binding.scheme, binding.revision, digest(file.text.encode()), today)
        found = self._known.get(key)
        if found is None:
            found = self._compared(file, before, today)
            self._known.put(key, found)
        # The revision is the same where only a comment is another.
        return found if found.revision != binding.revision else None

    def _compared(self, file: Revision, before: Ruleset, today: date) -> Candidate:
        own, runtime = before.source, self._host.runtime
        scheme = runtime.library.add(
            file.text, file.file, own.overrides, runtime.clock(), own.codes
        )  # fmt: skip
        after = Ruleset(runtime.library.source(scheme.slug, scheme.revision), scheme)
        changes = after.changes(before)
        past = any(reaches_back(change, today) for change in changes)
        return Candidate(
            scheme.slug, scheme.revision, before.scheme.revision, changes, past
        )  # fmt: skip

    def state(self, binding: Binding) -> tuple[Candidate | None, Sequence[Problem]]:
        """Return the candidate, and why the file cannot be used in this locality."""
        watched = self._host.watched[binding.scheme]
        if watched is not None and watched.problems:
            return None, watched.problems
        try:
            return self.of(binding), ()
        except RulesetError as error:
            return None, error.problems
