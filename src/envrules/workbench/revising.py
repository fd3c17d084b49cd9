"""From tried values to the file, and from the file to a revision."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from envrules.errors import RulesetError, errors_in
from envrules.model.base import Frozen
from envrules.ruleset.check import check_ruleset, read_text
from envrules.ruleset.diff import Change
from envrules.ruleset.load import load_ruleset
from envrules.ruleset.overrides import Overrides
from envrules.runtime.library import Revision, shown
from envrules.service.publishing import reaches_back
from envrules.whatif.model import Changed
from envrules.whatif.prepared import changed, compiled, merged
from envrules.workbench.desk import WAIT, Desk
from envrules.workbench.edits import Value, with_value


class Clash(Exception):
    """The file is not as the page read it: somebody else has edited it."""


class Draft(Frozen):
    """The ruleset of a scheme as it stands in its file, or in force where there is no file yet."""

    path: Path
    text: str
    in_file: bool

    @property
    def name(self) -> str:
        """How the file is named in problems and citations."""
        return shown(self.path)


class Plan(Frozen):
    """What publishing would change."""

    revision: str
    source: Revision
    changes: tuple[Changed, ...]
    retroactive: bool
    """A value dated before today would change."""


def draft(desk: Desk, locality: str, scheme: str) -> Draft:
    """Return what is edited. Raises RulesetError for a file that is no text."""
    path = desk.file(scheme)
    if path.exists():
        return Draft(path, read_text(path), True)
    return Draft(path, desk.in_force(locality, scheme).text, False)


def with_values(text: str, values: Mapping[str, tuple[str, Value]]) -> str:
    """Return the text with values set: name → (`always` or an ISO date, value from then on).

    Raises:
        CannotEdit: the file writes one of them in a way that is left alone.
    """
    for name, (since, value) in values.items():
        text = with_value(text, name, since, value)
    return text


def check(text: str, file: str) -> None:
    """Raise RulesetError unless a text could be published."""
    problems = errors_in(check_ruleset(load_ruleset(text, file)))
    if problems:
        raise RulesetError(problems)


def save(draft: Draft, text: str) -> Draft:
    """Write the file, whole or not at all, and return what is edited from now on.

    Raises:
        Clash: somebody has changed the file since it was read.
        RulesetError: the text is not good; nothing is written.
    """
    check(text, draft.name)
    on_disk = read_text(draft.path) if draft.path.exists() else None
    if on_disk != (draft.text if draft.in_file else None):
        raise Clash(draft.name)
    handle, name = tempfile.mkstemp(dir=draft.path.parent, prefix=f".{draft.path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        if draft.in_file:
            os.chmod(name, draft.path.stat().st_mode & 0o777)
        os.replace(name, draft.path)
    except BaseException:
        os.unlink(name)
        raise
    return Draft(draft.path, text, True)


def plan(desk: Desk, locality: str, scheme: str, draft: Draft, own: Overrides) -> Plan:
    """Return what publishing the draft would change; `own` are the locality's own values to set.

    Raises:
        RulesetError: it cannot be published.
    """
    in_force = desk.in_force(locality, scheme)
    source = Revision(draft.name, draft.text, merged(in_force.overrides, own), in_force.codes)
    plugins = desk.runtime.library.plugins
    after = compiled(plugins, scheme, source)
    found = changed(compiled(plugins, scheme, in_force), after)
    today = after.scheme.day(desk.runtime.clock())
    back = any(
        reaches_back(Change(c.path, c.title, c.before, c.after, c.since), today) for c in found
    )
    return Plan(after.scheme.revision, source, found, back)


def publish(desk: Desk, locality: str, scheme: str, planned: Plan, reason: str) -> str:
    """Put a plan into force; return its revision, once open periods are judged by it.

    Raises:
        ValueError: it reaches into the past, and nobody has said why.
    """
    if planned.retroactive and not reason.strip():
        raise ValueError("改动早于今日的数值，须写明原因")
    source = planned.source
    revision, seq = desk.runtime.publish(
        locality, scheme, desk.by, text=source.text, file=source.file, overrides=source.overrides,
        codes=source.codes, reason=reason.strip(),
    )  # fmt: skip
    desk.runtime.wait_decided(locality, seq, WAIT)
    return revision
