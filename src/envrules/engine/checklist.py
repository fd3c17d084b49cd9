"""One inspection's answers to a checklist: passed, failed, or not answered in full."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

from envrules.engine.appeals import Appeals
from envrules.engine.aside import Aside, set_aside, unfit
from envrules.engine.context import live
from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.nodes import Node
from envrules.kinds import checklists
from envrules.kinds.checklists import Checked, Checklist
from envrules.kinds.compiled import cite, hold_against, plain
from envrules.kinds.consequences import Fact
from envrules.model.decisions import Content, Slot, Step
from envrules.model.events import AppealFiled, Event, Inspection


def judge_checklist(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return the verdict on each report of one inspection of a unit.

    An upheld appeal strikes out the report, or counts an item of it (event#item) as met.
    """
    name, month, unit, _ = node.parts
    checklist = bench.scheme.checklist(name)
    judged = Judgement()
    alive = live(inputs.events)
    appeals = Appeals(bench, unit, alive)
    aside = [Aside(event, "rejected", why) for event, why in appeals.void]
    for event in alive:
        if not isinstance(event.payload, Inspection) or event.id in appeals.won():
            continue
        problem = unfit(event, unit, bench.context.registry, bench.context.exemptions)
        if problem is not None:
            aside.append(problem)
            continue
        content, note = _verdict(bench, checklist, month, event, event.payload, appeals)
        judged.add(content)
        fact = Fact("checklist", f"{name}.{content.outcome}", unit, month, content.at, "",
                    content.events, note, content.publication == "held")  # fmt: skip
        bench.tell(judged, fact, content.slot)
    for one in aside:
        judged.add(set_aside(bench, checklist.citation, unit, month, one))
    return judged


def _verdict(
    bench: Bench, checklist: Checklist, month: str, event: Event, visit: Inspection,
    appeals: Appeals,
) -> tuple[Content, str]:  # fmt: skip
    """Return the verdict on one report, and what it says, for those who name the unit."""
    items = {f"{event.id}#{item.id}": item for item in checklist.items}
    granted = {items[target].id: by for target, by in appeals.won().items() if target in items}
    answers = {**visit.checklist, **dict.fromkeys(granted, True)}
    day = bench.scheme.day(event.occurred_at)
    least: Any = checklist.at_least.at(day).value if checklist.at_least is not None else None
    checked = checklists.judge(checklist, answers, least)
    said = _said(checklist, checked)
    note = f"{day} {checklist.citation.title}：{said}"
    disputed = {e.payload.target for e in appeals.pending() if isinstance(e.payload, AppealFiled)}
    content = Content(
        slot=Slot(bench.scheme.slug, checklist.citation.id, f"unit:{visit.unit}", event.id),
        kind="checklist", outcome=checked.outcome,
        title=f"{checklist.citation.title}：{_OUTCOMES[checked.outcome]}",
        reason=f"{bench.title(visit.unit, event.occurred_at)} {note}",
        at=event.occurred_at, unit=visit.unit, period=month, points=checked.points,
        events=(event.id, *sorted(granted.values())),
        steps=tuple(_steps(checklist, checked, granted, day, said)),
        warnings=_unknown(bench, visit), revision=bench.scheme.revision,
        publication="published" if disputed.isdisjoint({event.id, *items}) else "held",
    )  # fmt: skip
    return content, note


_OUTCOMES = {"passed": "通过", "failed": "未通过", "incomplete": "填报不全"}


def _said(checklist: Checklist, checked: Checked) -> str:
    """Return the verdict and the items that it rests on, as a sentence."""
    parts = [
        f"{'、'.join(item.citation.title for item in items)}{word}"
        for items, word in ((checked.unanswered, "未填"), (checked.unmet, "未达到")) if items
    ]  # fmt: skip
    if not parts:
        parts.append(f"{len(checklist.items)} 项全部达到")
    if checked.points is not None:
        parts.append(f"得 {plain(checked.points)} 分")
    return "，".join((*parts, _OUTCOMES[checked.outcome]))


def _steps(
    checklist: Checklist, checked: Checked, granted: Collection[str], day: date, said: str
) -> Iterator[Step]:
    """Yield the checklist, the items that count against the unit or were disputed, the points."""
    yield cite(checklist.citation, note=said)
    words = {item.id: "未达到" for item in checked.unmet}
    words |= {item.id: "未填" for item in checked.unanswered}
    for item in checklist.items:
        if item.id in words:
            yield cite(item.citation, value=words[item.id])
        elif item.id in granted:
            yield cite(item.citation, value="达到", note="申诉成立")
    if checklist.at_least is not None and checked.points is not None and not checked.unanswered:
        yield hold_against(checked.points, "at_least", checklist.at_least, day)[1]


def _unknown(bench: Bench, visit: Inspection) -> tuple[str, ...]:
    """Return a warning for each answer to something that no checklist of this inspection asks."""
    asked = {
        item.id for checklist in bench.scheme.checklists if visit.kind in checklist.inspections
        for item in checklist.items
    }  # fmt: skip
    return tuple(
        f"“{answer}”不在清单上，未计" for answer in sorted(visit.checklist) if answer not in asked
    )
