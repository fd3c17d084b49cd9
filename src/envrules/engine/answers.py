"""Answers to checklists: the points that they cost a score, and whether they pass for a band."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Any

from envrules.engine.evidence import Unscored
from envrules.engine.judging import Bench
from envrules.kinds import checklists
from envrules.kinds.bands import Need
from envrules.kinds.charges import Charge
from envrules.kinds.checklists import Checked, Checklist, Item
from envrules.kinds.compiled import cite, plain
from envrules.kinds.tables import Table
from envrules.model.events import Event, Inspection, order_key


def checked(
    bench: Bench, checklist: Checklist, event: Event, struck: Container[str]
) -> Checked:  # fmt: skip
    """Return the verdict on an inspection's answers; an item is met if an appeal says so."""
    visit = event.payload
    assert isinstance(visit, Inspection)
    granted = [item.id for item in checklist.items if f"{event.id}#{item.id}" in struck]
    least: Any = None
    if checklist.at_least is not None:
        least = checklist.at_least.at(bench.scheme.day(event.occurred_at)).value
    return checklists.judge(checklist, {**visit.checklist, **dict.fromkeys(granted, True)}, least)


def unmet(verdict: Checked, event: Event, table: Table) -> Iterator[Charge]:
    """Yield what an inspection's answers cost: of each item that is not met, all its points."""
    visit = event.payload
    assert isinstance(visit, Inspection)
    for item in verdict.unmet:
        row = table.rows[item.id]
        order = (*order_key(event), item.id)
        said = f"{row.citation.title}未达到"
        yield Charge(order, visit.inspection, row, event, item.id, said)


def unfinished(checklist: Checklist, verdict: Checked, event: Event) -> Unscored | None:
    """Return why an inspection's answers do not count: some are missing; None if none is."""
    if verdict.outcome != "incomplete":
        return None
    lacking = _titles(verdict.unanswered)
    reason = f"{checklist.citation.title}缺{lacking}的结论，不计分，待补报"
    return Unscored(event, "", "incomplete", reason, checklist.citation)


def needs_of(
    bench: Bench, wanted: Iterable[Checklist], events: Iterable[Event], struck: Container[str]
) -> dict[str, Need]:
    """Return how a unit stands by its latest complete answers to each checklist.

    `events`: its inspections that count, in Order.
    """
    lists = {checklist.id: checklist for checklist in wanted}
    needs: dict[str, Need] = {}
    for event in events:
        assert isinstance(event.payload, Inspection)
        for checklist in lists.values():
            if event.payload.kind in checklist.inspections:
                verdict = checked(bench, checklist, event, struck)
                if verdict.outcome != "incomplete":
                    needs[checklist.id] = _need(bench, checklist, verdict, event)
    return needs


def _need(bench: Bench, checklist: Checklist, verdict: Checked, event: Event) -> Need:
    day = bench.scheme.day(event.occurred_at)
    passed = verdict.outcome == "passed"
    parts = [f"{day} 检查{'通过' if passed else '未通过'}"]
    if verdict.points is not None:
        parts.append(f"得 {plain(verdict.points)} 分")
    if verdict.unmet:
        parts.append(f"{_titles(verdict.unmet)}未达到")
    return Need(passed, event.id, cite(checklist.citation, note="，".join(parts)))


def _titles(items: Iterable[Item]) -> str:
    return "、".join(item.citation.title for item in items)
