"""The hooks that a scheme's plugin may implement. See docs/plugins.md; a test keeps them in step.

Hooks take and return frozen, serialisable values (`envrules.model`), so that they may run in
another process. They must be pure: same arguments, same answer, no clock, no I/O.
"""

from __future__ import annotations

from pathlib import Path

import pluggy

from envrules.model.base import Frozen
from envrules.model.events import Event

PROJECT = "envrules"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class SchemeSource(Frozen):
    """A scheme that a plugin brings."""

    slug: str
    ruleset: Path
    """The ruleset file."""
    version: str = ""
    """Version of the plugin's code; part of every revision's hash."""


@hookspec
def envrules_scheme() -> SchemeSource:  # type: ignore[empty-body]
    """Declare the scheme that this plugin brings. Every plugin implements this one."""


@hookspec(firstresult=True)
def envrules_classify(scheme: str, event: Event) -> Event | None:
    """Return the event as the scheme `scheme` reads it, or None to leave it to others.

    For localities whose categories or places follow from other fields of the event by more than
    a table of codes. Called once for each event and scheme when the event is judged; id and time
    must stay as they are. The default plugin returns the event unchanged.
    """
