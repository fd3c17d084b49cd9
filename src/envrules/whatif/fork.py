"""A replayed locality judged again in part, under other rules: what is replayed stays as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from envrules.engine.chaining import Chainer
from envrules.engine.kept import NodeState
from envrules.engine.projection import Projection
from envrules.engine.state import State
from envrules.model.base import Instant
from envrules.model.decisions import Content, Decision
from envrules.model.entries import Entry
from envrules.ruleset.compile import Scheme
from envrules.whatif.replay import Replayed


class _Beneath:
    """The backing of a fork: the state that it forks from, which is only read."""

    def __init__(self, state: State) -> None:
        self._state = state

    def nodes(self, keys: Sequence[str]) -> dict[str, NodeState]:
        known = self._state.changes.nodes
        return {key: known[key] for key in keys if key in known}

    def keys_with_prefix(self, prefix: str) -> Iterable[str]:
        return self._state.keys_with_prefix(prefix)

    def keys_not_over(self, prefix: str, since: Instant, known_at: int | None) -> Iterable[str]:
        return self._state.keys_not_over(prefix, since, known_at)

    def keys_of_unit(self, unit: str) -> Iterable[str]:
        return self._state.keys_of_unit(unit)

    def keys_due(self, now: Instant) -> Iterable[str]:
        return self._state.keys_due(now)

    def feeds(self, targets: Sequence[str]) -> dict[str, dict[str, bytes]]:
        return {target: dict(self._state.payloads(target)) for target in targets}

    def entries(self, seqs: Sequence[int]) -> dict[int, Entry]:
        return dict(self._state.entries(seqs))

    def event_seq(self, event_id: str) -> int | None:
        return self._state.event_seq(event_id)

    def references(self, event_ids: Sequence[str]) -> dict[str, Sequence[int]]:
        known = self._state.changes.references
        return {event: known[event] for event in event_ids if event in known}

    def events(self, until: int) -> Iterator[tuple[int, Entry]]:
        return self._state.events(until)

    def decision(self, decision_id: str) -> Decision:
        return self._state.decision(decision_id)


def judged_again(
    replayed: Replayed, tried: Scheme, keys: Iterable[str], chainer: Chainer
) -> dict[str, Content | None]:
    """Return what holds otherwise once these nodes are judged under `tried`, and all they feed.

    Slot key → content, None where nothing holds any more. The nodes must have the same slots and
    inputs under both rules, and tell nothing that a close has kept.
    """
    below = replayed.locality
    state = State(_Beneath(below.state), below.state.locality)
    projection = Projection(
        below.projection.locality, state, lambda _slug, _revision: tried, chainer, below.tallied
    )
    decisions = projection.judge_again(below.position, keys)
    return {
        d.content.slot.key(): None if d.change == "revoke" else d.content for d in decisions
    }  # fmt: skip
