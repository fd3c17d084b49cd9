"""A standard as a ruleset and a code table: one parameter and one deadline for each limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from envrules.excel.limits import Limit, Reading
from envrules.excel.standards import LIMIT, Standard, StandardClass
from envrules.kinds.common import Start, Stop
from envrules.kinds.compiled import plain
from envrules.ruleset.writing import text_scalar

SOURCE = "std"
_STARTS: Mapping[Start, str] = {
    "found": "发现", "accepted": "受理", "filed": "立案", "registered": "登记", "dispatched": "派遣",
}  # fmt: skip
_STOPS: Mapping[Stop, str] = {
    "handled": "处置反馈", "verified": "处置反馈（以核查通过为准）", "closed": "结案",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """What the ruleset is called, and what the standard leaves open."""

    slug: str
    title: str
    files: tuple[str, ...]
    reading: Reading
    starts: Start
    stops: Stop
    since: str
    """`always`, or the date from which the limits hold."""


@dataclass(slots=True)
class _Group:
    """All filing conditions with one limit: the numbers of each class, none where all have it."""

    limits: list[Limit]
    classes: dict[str, tuple[StandardClass, list[str]]]

    @property
    def key(self) -> str:
        """Its name as a parameter and as a deadline: working_days_2, hours_1_5."""
        limit = self.limits[0]
        return f"{limit.unit}_{plain(limit.amount).replace('.', '_')}"

    def title(self, reading: Reading) -> str:
        """Return the limit in the standard's words, and how they are read: 2天（天按工作日计）."""
        amount = plain(self.limits[0].amount)
        words = dict.fromkeys(limit.word for limit in self.limits)
        notes = [note for word in words if (note := reading.note(word))]
        said = "、".join(f"{amount}{word}" for word in words)
        return f"{said}（{'，'.join(notes)}）" if notes else said


def ruleset_text(standard: Standard, target: Target) -> str:
    """Return the ruleset of a standard: categories with filing conditions, limits, deadlines."""
    groups = _groups(standard)
    lines = [
        *_head(standard, target), "",
        "# ── 经办人可调 ──",
        "parameters:", *_parameters(groups, target), "",
        "# ── 规则结构 ──",
        "calendar:",
        "  days: china",
        '  hours: ["08:30-12:00", "14:00-17:30"]',
        "  not_from_source: 标准未写作息；默认国务院放假安排与常见作息", "",
        "unit_types:",
        "  unit: {title: 处置单位, not_from_source: 标准列明各类的处置单位，未分单位类型}", "",
        "categories:", *_categories(standard), "",
        "issues:",
        "  charge: handler", "",
        "deadlines:", *_deadlines(groups, target), "",
    ]  # fmt: skip
    return "\n".join(lines)


def codes_text(standard: Standard, target: Target) -> str:
    """Return the code table that maps the standard's class codes to the ruleset's categories."""
    lines = [
        f"# 由 {'、'.join(target.files)} 生成：标准的类别代码与本方案问题类别的对应。",
        f"codes: {target.slug}_codes",
        f"title: {text_scalar(target.title)}",
        f"scheme: {target.slug}",
        "entries:",
    ]
    lines += [
        f'- {{class: {one.object_class}, large: "{one.large}", small: "{one.small}", '
        f"category: {one.key}, title: {text_scalar(one.title)}}}"
        for one in standard.classes.values()
    ]
    return "\n".join([*lines, ""])


def assumptions(standard: Standard, target: Target) -> list[str]:
    """Return what the standard does not say and the ruleset nevertheless states, in Chinese."""
    words = {limit.word for _, _, limit in standard.limits()}
    known = (target.reading.note(word) for word in ("天", "小时") if word in words)
    return [
        *filter(None, known),
        "立案条件无代码，按其在小类内的次序编为 1、2、3……",
        "小类各立案条件时限相同的，未报立案条件的案件亦适用",
        f"时限自{_STARTS[target.starts]}起，至{_STOPS[target.stops]}止，案件记处置单位",
        "作息按国务院放假安排与 08:30-12:00、14:00-17:30",
        "时限一直有效" if target.since == "always" else f"时限自 {target.since} 起有效",
    ]


def _groups(standard: Standard) -> list[_Group]:
    """Return the limits by unit and amount."""
    found: dict[tuple[str, Decimal], _Group] = {}
    for one, condition, limit in standard.limits():
        group = found.setdefault((limit.unit, limit.amount), _Group([], {}))
        group.limits.append(limit)
        _, numbers = group.classes.setdefault(one.key, (one, []))
        if one.only_limit is None:
            numbers.append(condition.number)
    return [found[key] for key in sorted(found)]


def _head(standard: Standard, target: Target) -> Iterator[str]:
    files = "、".join(target.files)
    yield f"# 由 {files} 生成：问题类别、立案条件与处置时限。标准未写明而由本文件取定的："
    yield from (f"#   {text}" for text in assumptions(standard, target))
    if standard.problems:
        yield "# 未能读入、须人工处理的单元格："
        yield from (f"#   {p.place}: {p.message}" for p in standard.problems)
    yield f"ruleset: {target.slug}"
    yield f"title: {text_scalar(target.title)}"
    yield "timezone: Asia/Shanghai"
    yield ""
    yield "sources:"
    yield f"  {SOURCE}: {{title: {text_scalar(target.title)}, document: {text_scalar(files)}}}"


def _parameters(groups: list[_Group], target: Target) -> Iterator[str]:
    for group in groups:
        limit = group.limits[0]
        title = text_scalar(f"处置时限{group.title(target.reading)}")
        yield (
            f"  {group.key}: {{title: {title}, unit: {limit.unit}, ref: {SOURCE} {LIMIT}, "
            f"values: {{{target.since}: {plain(limit.amount)}}}}}"
        )


def _categories(standard: Standard) -> Iterator[str]:
    for one in standard.classes.values():
        yield f"  {one.key}:"
        yield f"    title: {text_scalar(one.title)}"
        yield f"    ref: {SOURCE} {text_scalar(f'{one.place.sheet}第{one.place.row}行')}"
        if one.conditions:
            yield "    conditions:"
        for condition in one.conditions:
            yield f'      "{condition.number}": {text_scalar(condition.text)}'


def _deadlines(groups: list[_Group], target: Target) -> Iterator[str]:
    for group in groups:
        yield f"  {group.key}:"
        yield f"    title: {text_scalar(f'处置时限{group.title(target.reading)}')}"
        yield f"    starts: {target.starts}"
        yield f"    stops: {target.stops}"
        yield f"    within: ${group.key}"
        yield f"    ref: {SOURCE} {LIMIT}"
        yield "    where:"
        yield "      conditions_of:"
        for key, (one, numbers) in group.classes.items():
            codes = ", ".join(f'"{number}"' for number in numbers)
            yield f"        {key}: [{codes}]  # {one.title}"
