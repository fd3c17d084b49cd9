"""One unit's duty in one cycle: met, late or missed. Judged once its time has run out."""

from __future__ import annotations

from collections.abc import Sequence

from envrules import calendar as cal
from envrules.engine.assessment import exempt_throughout
from envrules.engine.context import live
from envrules.engine.judging import Bench, CountFeed, Inputs, Judgement
from envrules.engine.nodes import Node, duty_node, indicator_node
from envrules.engine.registry import Unit
from envrules.kinds import duties
from envrules.kinds.compiled import cite, cite_value
from envrules.kinds.consequences import Fact, FactKind
from envrules.kinds.duties import Duty, Span
from envrules.kinds.indicators import Counted, CountedDuties
from envrules.model.base import Instant
from envrules.model.decisions import Content, Slot, Step
from envrules.model.events import Event
from envrules.ruleset.compile import Scheme

_WORDS = {"met": "已履行", "late": "迟报", "missed": "未履行", "exempt": "免责"}
_TOLD: dict[str, FactKind] = {"met": "met", "late": "late", "missed": "missed"}


def judge_duty(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return the verdict on one cycle; before its time has run out only what does not count."""
    duty_id, cycle, unit = node.parts
    scheme = bench.scheme
    duty = next(d for d in scheme.duties if d.id == duty_id)
    judged = Judgement()
    span = _owed(bench, duty, cycle, unit)
    if span is None:
        return judged
    events = live(inputs.events)
    _not_accepted(bench, duty, cycle, unit, events, judged)
    opens, due = _instants(scheme, span)
    if bench.context.now < due:
        judged.wake(due)
        return judged
    closes = cal.local_instant(scheme.timezone, span.closes) if span.closes else None
    found = duties.judge(duty, events, opens, due, closes)
    exempt = exempt_throughout(bench.context.exemptions, unit, opens, due)
    outcome = found[0] if found else "exempt" if exempt else "missed"
    causes = (found[1].id,) if found else tuple(event.id for event in exempt)
    note = f"{cycle} {duty.citation.title}：{_WORDS[outcome]}"
    reason = f"{bench.title(unit, due - 1)} {note}"
    content = Content(
        slot=Slot(scheme.slug, f"duties.{duty.id}", f"unit:{unit}", cycle), kind="duty",
        outcome=outcome, title=duty.citation.title, reason=reason,
        at=found[1].occurred_at if found else due, unit=unit, period=cycle, events=causes,
        steps=(cite(duty.citation, note=reason), *_span_steps(duty, cycle)),
        revision=scheme.revision,
    )  # fmt: skip
    judged.add(content)
    if outcome in _TOLD:
        month = _month(scheme, cycle, due - 1)
        fact = Fact(_TOLD[outcome], duty.id, unit, month, due, "", causes, note)
        bench.tell(judged, fact, content.slot)
        _count(bench, duty, unit, content, judged)
    return judged


def _owed(bench: Bench, duty: Duty, cycle: str, unit: str) -> Span | None:
    """Return when a unit can do its duty in a cycle, or None: it owes nothing then."""
    span = duty.span(cycle)
    if span is None:
        return None
    return span if _owes(bench, duty, span, unit) else None


def _owes(bench: Bench, duty: Duty, span: Span, unit: str) -> bool:
    """Return whether a unit owes the duty in a cycle: only if it exists all through its span.

    However often it is declared anew meanwhile. A daily duty may hold on working days only.
    """
    scheme, context = bench.scheme, bench.context
    opens, due = _instants(scheme, span)
    known = context.registry.life(unit, duty.units, opens, due)
    if known is None or opens < max(known.since, context.since) or known.until < due:
        return False
    return not duty.working_days_only or scheme.calendar.days.is_working(span.first)


def _instants(scheme: Scheme, span: Span) -> tuple[Instant, Instant]:
    zone = scheme.timezone
    return cal.local_instant(zone, span.first), cal.local_instant(zone, span.after)


def _month(scheme: Scheme, cycle: str, at: Instant) -> str:
    """Return the month that rules read a cycle in: a longer cycle is read in the month of `at`."""
    if cal.period_kind(cycle) in ("quarter", "year"):
        return cal.period_of(scheme.timezone, at, "month")
    return cal.period_around(cycle, "month")


def _span_steps(duty: Duty, cycle: str) -> tuple[Step, ...]:
    """Return the campaign and the days that limit a cycle, each with the value in force."""
    last = cal.period_dates(cycle)[1]
    steps: list[Step] = []
    if duty.during is not None:
        steps.append(cite(duty.during.citation))
        steps += [cite_value(p, p.at(last.replace(month=12, day=31)))
                  for p in duty.during.parameters()]  # fmt: skip
    steps += [cite_value(p, p.at(last)) for p in (duty.not_before, duty.by) if p is not None]
    return tuple(steps)


def _not_accepted(
    bench: Bench, duty: Duty, cycle: str, unit: str, events: Sequence[Event], judged: Judgement
) -> None:
    """Say of each report that lacks its signature or a field that it does not count."""
    scheme = bench.scheme
    for event in events:
        lacking = duty.lacks(event) if duty.meets(event) else ()
        if not lacking:
            continue
        title, at = duty.citation.title, event.occurred_at
        note = f"{cycle} {title}：缺{'、'.join(lacking)}，不予接收"
        reason = f"{bench.title(unit, at)} {note}"
        content = Content(
            slot=Slot(scheme.slug, f"duties.{duty.id}", f"unit:{unit}", event.id), kind="duty",
            outcome="not_accepted", title=title, reason=reason, at=at, unit=unit, period=cycle,
            events=(event.id,), steps=(cite(duty.citation, note=reason),),
            revision=scheme.revision,
        )  # fmt: skip
        judged.add(content)
        month = _month(scheme, cycle, at)
        fact = Fact("not_accepted", duty.id, unit, month, at, "", (event.id,), note)
        bench.tell(judged, fact, content.slot)


def _count(bench: Bench, duty: Duty, unit: str, content: Content, judged: Judgement) -> None:
    """Tell the indicators of the units above how this one did.

    A week counts in the month of its Thursday; a close waits for the last week that it counts.
    """
    scheme = bench.scheme
    end = cal.period_bounds(scheme.timezone, content.period)[1]
    done = Counted(f"{unit}/{content.period}", (content.outcome,), content.events)
    counted = CountFeed(done, content.slot)
    above = bench.context.registry.lineage(unit, end - 1)[1:]
    for kind, period, rules in bench.around(content.period):
        for indicator in rules.indicators:
            origin = indicator.origin
            if (indicator.period != kind or not isinstance(origin, CountedDuties)
                    or origin.duty != duty.id):  # fmt: skip
                continue
            for one in above:
                if one.type in indicator.units:
                    node = indicator_node(scheme.slug, indicator.id, period, one.id)
                    judged.feed(node, counted)


def cycles_ended(
    bench: Bench, before: Instant, now: Instant, only: frozenset[str] | None = None
) -> list[Node]:
    """Return the duties whose time ran out in (before, now], for every unit that owes them.

    `only`: for these units alone.
    """
    scheme, nodes = bench.scheme, list[Node]()
    registry = bench.context.registry
    start = max(before, bench.context.since, registry.since(only))
    if start > now:
        return nodes
    for duty in scheme.duties:
        units: list[Unit] | None = None  # read only if a cycle has ended: most ticks end none
        cycle = cal.period_of(scheme.timezone, start, duty.every)
        while cal.period_bounds(scheme.timezone, cycle)[0] <= now:
            span = duty.span(cycle)
            if span is not None and before < _instants(scheme, span)[1] <= now:
                if units is None:
                    units = registry.of_types(duty.units, before, now + 1, only)
                nodes += [
                    duty_node(scheme.slug, duty.id, cycle, unit.id)
                    for unit in units if _owes(bench, duty, span, unit.id)
                ]  # fmt: skip
            cycle = cal.next_period(cycle)
    return nodes
