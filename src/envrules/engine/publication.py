"""Publication: proposed → approved → published (→ revoked), by acts on record.

An approval approves what was decided then: a decision whose substance changes afterwards waits
for a new one. `held` (an appeal is pending) gives way only when the appeal is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from envrules.model.decisions import Content, Publication, Slot
from envrules.model.entries import Act
from envrules.model.events import AppealDecided, AppealFiled, Event


def publish(content: Content, acts: Sequence[Act], events: Sequence[Event]) -> Content:
    """Return the content in the state that acts and appeals on its slot have brought it to.

    `events` are the node's live events, appeals against the slot itself among them: a pending
    one holds publication, an upheld one revokes the decision.
    """
    content = _appealed(content, events)
    mine = [act for act in acts if act.slot == content.slot]
    if not mine:
        return content
    substance = content.substance()
    state: Publication = content.publication
    note = ""
    for act in in_order(mine):
        if act.substance != substance or not _covers(act, content):
            continue
        if act.action == "approve" and state == "proposed":
            state = "approved"
        elif act.action == "publish" and state == "approved":
            state = "published"
        elif act.action == "revoke" and state != "held":
            state, note = "revoked", f"（{act.reason}）" if act.reason else ""
    reason = f"{content.reason}；撤销{note}" if state == "revoked" else content.reason
    return replace(content, publication=state, reason=reason)


def in_order(acts: Iterable[Act]) -> list[Act]:
    """Return acts in the order in which they count; at one time approval comes before the rest."""
    return sorted(acts, key=lambda act: (act.at, act.action, act.by))


def upheld(slot: Slot, unit: str, events: Iterable[Event]) -> Event | None:
    """Return the event by which an appeal of the unit against the slot's decision was upheld."""
    last: dict[str, Event] = {}
    for event in _heard(slot, unit, events):
        if isinstance(event.payload, AppealDecided):
            last[event.payload.appeal] = event
    return next((e for e in last.values() if e.payload.upheld), None)  # type: ignore[union-attr]


def _covers(act: Act, content: Content) -> bool:
    """A slip's act holds for the issues that it names: the slip may lose some, not gain any."""
    return content.kind != "slip" or set(content.issues) <= set(act.issues)


def _heard(slot: Slot, unit: str, events: Iterable[Event]) -> list[Event]:
    """Return the appeals that count: by the unit concerned, and decided only if they were filed."""
    about = [
        e for e in events if isinstance(e.payload, AppealFiled | AppealDecided)
        and e.payload.target == slot.key() and (not unit or e.payload.unit == unit)
    ]  # fmt: skip
    filed = {e.payload.appeal for e in about if isinstance(e.payload, AppealFiled)}
    return [e for e in about if e.payload.appeal in filed]  # type: ignore[union-attr]


def _appealed(content: Content, events: Sequence[Event]) -> Content:
    """Return the content as appeals leave it; what they did is among its events."""
    won = upheld(content.slot, content.unit, events)
    if won is not None:
        decided = won.payload
        assert isinstance(decided, AppealDecided)
        reason = f"{content.reason}；申诉成立，撤销（{decided.organ}{decided.basis}）"
        causes = (*content.events, won.id)
        return replace(content, publication="revoked", reason=reason, events=causes)
    heard = _heard(content.slot, content.unit, events)
    ended = {e.payload.appeal for e in heard if isinstance(e.payload, AppealDecided)}
    pending = [
        e.id for e in heard
        if isinstance(e.payload, AppealFiled) and e.payload.appeal not in ended
    ]  # fmt: skip
    if not pending:
        return content
    return replace(content, publication="held", events=(*content.events, *pending))
