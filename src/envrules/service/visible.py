"""The rulesets that a caller may name: no revision of a locality that it has no part in.

A revision holds a locality's own values and its table of codes, so one that only others have
published is answered for like one that was never there. The files of the installed schemes are
everybody's.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cached_property

import grpc

from envrules.service.candidates import Candidates
from envrules.service.host import Host
from envrules.service.shelf import Shelf
from envrules.store import UnknownLocality


def shelf_for(host: Host, context: grpc.ServicerContext) -> Shelf:
    """Return the shelf as the caller sees it."""
    caller = host.principals.of(context)
    if caller.localities is None:
        return host.shelf
    shelf = copy.copy(host.shelf)
    shelf.is_visible = _Visible(host, caller.localities)
    return shelf


class _Visible:
    """Tells of a stored revision whether it belongs to one of some localities."""

    def __init__(self, host: Host, localities: frozenset[str]) -> None:
        self._host, self._localities = host, localities

    def __call__(self, scheme: str, revision: str) -> bool:
        return (scheme, revision) in self._published or (scheme, revision) in self._candidates

    @cached_property
    def _published(self) -> frozenset[tuple[str, str]]:
        return frozenset(self._bound())

    def _bound(self) -> Iterator[tuple[str, str]]:
        for locality in self._localities:
            try:
                rows = self._host.runtime.store.bindings(locality)
            except UnknownLocality:  # the token is ahead of its locality
                continue
            yield from ((row.scheme, row.revision) for row in rows)

    @cached_property
    def _candidates(self) -> frozenset[tuple[str, str]]:
        """What waits to be published by its name."""
        candidates, found = Candidates(self._host), set()
        for locality in self._localities:
            try:
                bindings = self._host.runtime.locality(locality)[2].bindings
            except UnknownLocality:
                continue
            for binding in bindings.values():
                candidate, _ = candidates.state(binding)
                if candidate is not None:
                    found.add((candidate.scheme, candidate.revision))
        return frozenset(found)
