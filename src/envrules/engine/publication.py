"""Publication: proposed → approved → published (→ revoked), by acts on record.

An approval approves what was decided then: a decision whose substance changes afterwards waits
for a new one. `held` (an appeal is pending) gives way only when the appeal is decided.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from envrules.model.decisions import Content, Publication
from envrules.model.entries import Act


def publish(content: Content, acts: Sequence[Act]) -> Content:
    """Return the content in the state that the acts on its slot have brought it to."""
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
