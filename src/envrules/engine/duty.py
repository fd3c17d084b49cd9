"""One unit's duty in one cycle: met, late or missed. Judged once the cycle has ended."""

from __future__ import annotations

from envrules import calendar as cal
from envrules.engine.assessment import exempt_throughout
from envrules.engine.context import Unit, live
from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.nodes import Node, duty_node
from envrules.kinds import duties
from envrules.kinds.compiled import cite
from envrules.kinds.consequences import Fact
from envrules.kinds.duties import Duty
from envrules.model.base import Instant
from envrules.model.decisions import Content, Slot
from envrules.ruleset.compile import Scheme

_WORDS = {"met": "已履行", "late": "迟报", "missed": "未履行", "exempt": "免责"}


def judge_duty(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return the verdict on one cycle; nothing before it has ended."""
    duty_id, cycle, unit = node.parts
    scheme = bench.scheme
    duty = next(d for d in scheme.duties if d.id == duty_id)
    judged = Judgement()
    start, end = cal.period_bounds(scheme.timezone, cycle)
    known = bench.context.registry.unit(unit, end - 1)
    if known is None or start < bench.context.since or not _owes(scheme, duty, cycle, known):
        return judged
    if bench.context.now < end:
        judged.wake(end)
        return judged
    found = duties.judge(duty, live(inputs.events), end)
    exempt = exempt_throughout(bench.context.exemptions, unit, start, end)
    outcome = found[0] if found else "exempt" if exempt else "missed"
    events = (found[1].id,) if found else tuple(event.id for event in exempt)
    reason = f"{bench.title(unit, end - 1)} {cycle} {duty.citation.title}：{_WORDS[outcome]}"
    content = Content(
        slot=Slot(scheme.slug, f"duties.{duty.id}", f"unit:{unit}", cycle), kind="duty",
        outcome=outcome, title=duty.citation.title, reason=reason,
        at=found[1].occurred_at if found else end, unit=unit, period=cycle, events=events,
        steps=(cite(duty.citation, note=reason),), revision=scheme.revision,
    )  # fmt: skip
    judged.add(content)
    if outcome == "missed":
        period = cal.period_of(scheme.timezone, start, "month")
        fact = Fact("missed", duty.id, unit, period, end, "", events, reason)
        bench.tell(judged, fact, content.slot)
    return judged


def _owes(scheme: Scheme, duty: Duty, cycle: str, unit: Unit) -> bool:
    """Return whether a unit owes the duty in a cycle: only if it exists all through it.

    A daily duty may hold on working days only.
    """
    start, end = cal.period_bounds(scheme.timezone, cycle)
    if unit.type not in duty.units or unit.since > start or unit.until < end:
        return False
    first = cal.period_dates(cycle)[0]
    return not duty.working_days_only or scheme.calendar.days.is_working(first)


def cycles_ended(
    bench: Bench, before: Instant, now: Instant, only: frozenset[str] | None = None
) -> list[Node]:
    """Return the duties whose cycle ended in (before, now], for every unit that owes them.

    `only`: for these units alone.
    """
    scheme, nodes = bench.scheme, []
    for duty in scheme.duties:
        units = [
            u for u in bench.context.registry.of_types(duty.units, before, now + 1)
            if only is None or u.id in only
        ]  # fmt: skip
        if not units:
            continue
        since = max(bench.context.since, min(u.since for u in units))
        cycle = cal.period_of(scheme.timezone, max(before, since), duty.every)
        while (bounds := cal.period_bounds(scheme.timezone, cycle))[1] <= now:
            if bounds[1] > before:
                nodes += [
                    duty_node(scheme.slug, duty.id, cycle, unit.id)
                    for unit in units
                    if bounds[0] >= since and _owes(scheme, duty, cycle, unit)
                ]
            cycle = cal.next_period(cycle)
    return nodes
