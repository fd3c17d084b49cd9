"""What differs between the two sides, unit by unit, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec.structs import replace

from envrules import calendar as cal
from envrules.engine.registry import Registry
from envrules.model.decisions import Content, Slot, Step
from envrules.ruleset.compile import Scheme
from envrules.whatif.model import Count, Difference, Row, Said, Side

Contents = Mapping[str, Content]
"""Slot key → what holds."""


def differences(before: Contents, after: Contents, registry: Registry) -> list[Difference]:
    """Return the decisions that say something else on the two sides, by time and slot."""
    found: list[Difference] = []
    for slot in sorted(before.keys() | after.keys()):
        old, new = before.get(slot), after.get(slot)
        if old is not new and _said(old) != _said(new):
            found.append(_difference(old, new, registry))
    return sorted(found, key=lambda d: (d.unit, d.at, d.rule, d.subject, d.anchor))


def counts(
    before: Contents, after: Contents, old: Mapping[Kind, int], new: Mapping[Kind, int]
) -> list[Count]:  # fmt: skip
    """Return how many decisions there are of each kind and outcome that the two sides differ in.

    `old`, `new`: how many there are on each side, of every kind.
    """
    moved = [
        (before.get(slot), after.get(slot)) for slot in before.keys() | after.keys()
        if before.get(slot) is not after.get(slot)
        and _said(before.get(slot)) != _said(after.get(slot))
    ]  # fmt: skip
    kinds = {(c.kind, c.outcome) for pair in moved for c in pair if c is not None}
    return [Count(*kind, old.get(kind, 0), new.get(kind, 0)) for kind in sorted(kinds)]


Kind = tuple[str, str]
"""Kind and outcome of a decision."""


def totals(contents: Iterable[Content]) -> Counter[Kind]:
    """Return how many decisions there are of each kind and outcome."""
    return Counter((c.kind, c.outcome) for c in contents)


def rows(scheme: Scheme, before: Contents, after: Contents, registry: Registry) -> list[Row]:
    """Return every unit of every score and period that either side judges."""
    both = [sides(scheme, contents) for contents in (before, after)]
    found = []
    for score, period, unit in sorted(both[0].keys() | both[1].keys()):
        last = cal.period_bounds(scheme.timezone, period)[1] - 1
        known = registry.unit(unit, last)
        key = (score, period, unit)
        found.append(Row(
            score, period, unit, registry.title(unit, last), known.type if known else "",
            both[0].get(key), both[1].get(key),
        ))  # fmt: skip
    return found


def moved_rows(
    scheme: Scheme, known: Mapping[Place, Row], after: Contents, news: Iterable[Content]
) -> list[Row]:  # fmt: skip
    """Return all rows, those of `known` (both sides alike) judged by what `news` say now.

    Args:
        scheme: the rules that are tried.
        known: all rows as they were.
        after: what holds under these rules.
        news: what of it is new, or no longer holds.
    """
    of_list = {f"lists.{rule.id}": rule.of for rule in scheme.lists}
    places = {
        (of_list.get(c.slot.rule, c.slot.rule.rpartition(".")[2]), c.period, c.unit)
        for c in news if c.kind in ("score", "band", "rank", "list")
    }  # fmt: skip
    rules = ("scores", "bands", "ranks")
    now: dict[str, Content] = {}
    for score, period, unit in places:
        names = [f"{kind}.{score}" for kind in rules]
        names += [rule for rule, of in of_list.items() if of == score]
        for name in names:
            slot = Slot(scheme.slug, name, f"unit:{unit}", period).key()
            if slot in after:
                now[slot] = after[slot]
    found = sides(scheme, now)
    return [
        replace(row, after=found.get(place)) if place in places else row
        for place, row in known.items()
    ]


Place = tuple[str, str, str]
"""Score, period and unit."""


def sides(scheme: Scheme, contents: Contents) -> dict[Place, Side]:
    """Return where each unit stands, by score, period and unit."""
    of_list = {f"lists.{rule.id}": rule.of for rule in scheme.lists}
    figures: dict[tuple[str, str, str], Content] = {}
    bands: dict[tuple[str, str, str], Content] = {}
    ranks: dict[tuple[str, str, str], int | None] = {}
    lists: dict[tuple[str, str, str], list[str]] = {}
    for content in contents.values():
        rule, name = content.slot.rule, content.slot.rule.rpartition(".")[2]
        match content.kind:
            case "score":
                figures[name, content.period, content.unit] = content
            case "band":
                bands[name, content.period, content.unit] = content
            case "rank":
                ranks[name, content.period, content.unit] = content.rank
            # A list that only the other side's ruleset has is told by its decisions.
            case "list" if content.outcome != "barred" and rule in of_list:
                lists.setdefault((of_list[rule], content.period, content.unit), []).append(name)
    found = {}
    for key, figure in figures.items():
        band = bands.get(key)
        found[key] = Side(
            figure.outcome, figure.points, band.outcome if band else "", band.title if band else "",
            ranks.get(key), tuple(sorted(lists.get(key, ()))),
        )  # fmt: skip
    return found


def _said(content: Content | None) -> Said | None:
    """Return what a decision says, apart from its words and reasoning: those follow from the rest."""
    if content is None:
        return None
    return Said(
        content.outcome, content.title, "", content.points, content.counted, content.rank,
        content.due, tuple(c.words for c in content.consequences),
    )  # fmt: skip


def _told(content: Content | None) -> Said | None:
    said = _said(content)
    if said is None or content is None:
        return None
    return Said(
        said.outcome, said.title, content.reason, said.points, said.counted, said.rank, said.due,
        said.consequences,
    )  # fmt: skip


def _difference(old: Content | None, new: Content | None, registry: Registry) -> Difference:
    one = new or old
    assert one is not None
    slot: Slot = one.slot
    return Difference(
        one.kind, slot.rule, slot.subject, slot.anchor, one.unit,
        registry.title(one.unit, one.at) if one.unit else "", one.period, one.at,
        _told(old), _told(new), tuple(_why(old, new)),
    )  # fmt: skip


def _why(old: Content | None, new: Content | None) -> list[str]:
    """Return the clauses in which the two sides' reasoning parts."""
    before, after = _steps(old), _steps(new)
    found: list[str] = []
    for rule in dict.fromkeys([*before, *after]):
        was, now = before.get(rule), after.get(rule)
        if was is not None and now is not None:
            if was.value != now.value:
                found.append(f"{now.title} {was.value or '无'} → {now.value or '无'}")
        elif (step := now or was) is not None and step.value:
            note = f"（{step.note}）" if step.note else ""
            found.append(f"{step.title} {step.value}{note}")
    if old is not None and new is not None:
        gained = len(set(new.events) - set(old.events))
        lost = len(set(old.events) - set(new.events))
        if gained or lost:
            found.append(f"依据的事件增 {gained} 件、减 {lost} 件")
    if not found:
        found.append(new.reason if new is not None else f"不再成立：{old.reason if old else ''}")
    return found


def _steps(content: Content | None) -> dict[str, Step]:
    return {step.rule: step for step in content.steps} if content is not None else {}


def points_moved(row: Row) -> Decimal:
    """Return how far a unit's figure moves; 0 where one side has none."""
    old, new = row.before, row.after
    if old is None or new is None or old.points is None or new.points is None:
        return Decimal(0)
    return new.points - old.points
