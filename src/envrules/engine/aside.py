"""Events that do not count for a definition, and the decision that says so and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from envrules.engine.context import exempts
from envrules.engine.judging import Bench
from envrules.engine.registry import Registry
from envrules.kinds.compiled import cite
from envrules.model.decisions import Content, Slot
from envrules.model.events import Event
from envrules.model.values import Citation

Why = Literal["rejected", "parked", "exempt", "too_late"]

_WORDS: dict[Why, str] = {
    "rejected": "不予认可", "parked": "暂存待判", "exempt": "免责", "too_late": "已结账，不计",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aside:
    """An event that does not count, and why."""

    event: Event
    outcome: Why
    reason: str
    exemption: str = ""
    """Id of the event that exempts the unit, if that is why."""


def unfit(
    event: Event, unit: str, registry: Registry, exemptions: Sequence[Event],
    types: frozenset[str] | None = None,
) -> Aside | None:  # fmt: skip
    """Return why a visit to the unit does not count when it took place, or None.

    `types`: the types of unit that the definition is about; None: any.
    """
    at = event.occurred_at
    known = registry.unit(unit, at)
    if known is None:
        return Aside(event, "parked", f"单位 {unit} 在检查之时未登记")
    if types is not None and known.type not in types:
        return Aside(event, "rejected", f"{unit} 不是本项考核的对象")
    exemption = exempts(exemptions, unit, at)
    if exemption is not None:
        return Aside(event, "exempt", "该单位此时免于考核", exemption.id)
    return None


def set_aside(bench: Bench, citation: Citation, unit: str, period: str, aside: Aside) -> Content:
    """Return the decision that an event does not count for what `citation` defines."""
    event = aside.event
    return Content(
        slot=Slot(bench.scheme.slug, citation.id, f"unit:{unit}", event.id), kind="finding",
        outcome=aside.outcome, title=f"{citation.title}：{_WORDS[aside.outcome]}",
        reason=aside.reason, at=event.occurred_at, unit=unit, period=period,
        events=(event.id, aside.exemption) if aside.exemption else (event.id,),
        steps=(cite(citation, note=aside.reason),), revision=bench.scheme.revision,
    )  # fmt: skip
