"""What the hooks do when no plugin does anything else."""

from __future__ import annotations

from envrules.hookspecs import hookimpl
from envrules.model.events import Event


@hookimpl(trylast=True)
def envrules_classify(scheme: str, event: Event) -> Event:  # noqa: ARG001 - part of the signature
    """Take the host's category and place as they are."""
    return event
