"""Publication: proposed → approved → published (→ revoked), by acts on record.

An approval approves what was decided then: a decision whose substance changes afterwards waits
for a new one. `held` (an appeal is pending) gives way only when the appeal is decided.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from envrules.model.decisions import Content, Publication
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
    for act in sorted(mine, key=lambda a: (a.at, a.action, a.by)):
        if act.substance != substance:
            continue
        if act.action == "approve" and state == "proposed":
            state = "approved"
        elif act.action == "publish" and state == "approved":
            state = "published"
        elif act.action == "revoke" and state != "held":
            state, note = "revoked", f"（{act.reason}）" if act.reason else ""
    reason = f"{content.reason}；撤销{note}" if state == "revoked" else content.reason
    return replace(content, publication=state, reason=reason)


def _appealed(content: Content, events: Sequence[Event]) -> Content:
    key = content.slot.key()
    decided: dict[str, AppealDecided] = {}
    filed: set[str] = set()
    for event in events:
        payload = event.payload
        if isinstance(payload, AppealDecided) and payload.target == key:
            decided[payload.appeal] = payload
        elif isinstance(payload, AppealFiled) and payload.target == key:
            filed.add(payload.appeal)
    upheld = next((d for d in decided.values() if d.upheld), None)
    if upheld is not None:
        reason = f"{content.reason}；申诉成立，撤销（{upheld.organ}{upheld.basis}）"
        return replace(content, publication="revoked", reason=reason)
    return replace(content, publication="held") if filed - decided.keys() else content
