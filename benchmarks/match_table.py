"""The deduction table of thirty rows that everybody matches against, and what they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from envrules.plugin_manager import load_plugins
from envrules.ruleset.compile import Scheme
from envrules.runtime.library import Library

FINDINGS = 1000
ROWS, PLACES = 30, 6

Answer: TypeAlias = tuple[str, str, str, str, str]
PARTS = ("rule", "value", "since", "ref", "location")
"""What an answer consists of: rule, value, since when, clause, file:line."""
NOTHING: Answer = ("", "", "", "", "")


@dataclass(frozen=True, slots=True)
class Found:
    """A finding as it is asked about."""

    place: str
    category: str
    day: date


def scheme() -> Scheme:
    """Return the scheme, checked and compiled as any other."""
    return Library(load_plugins()).add(_ruleset(), "rulesets/bench.yaml", {}, 0)


def findings() -> list[Found]:
    """Return what is asked: every row, some by a flag, and one in twenty that no row has."""
    asked = []
    for i in range(FINDINGS):
        row = i * 7 % ROWS
        place = row if i % 20 else row + 1
        word = "also" if _flagged(row) and i % 2 else "c"
        day = date(2026, 7, 1) + timedelta(i % 28)
        asked.append(Found(f"p{place % PLACES}", f"{word}{row:02d}", day))
    return asked


def _ruleset() -> str:
    """Return a ruleset whose table has thirty deducting rows, two dates and some flags."""
    rows = list(_rows())
    also = [f"also{i:02d}" for i in range(ROWS) if _flagged(i)]
    words = [*(f"c{i:02d}" for i in range(ROWS)), *also]
    lines = [
        "ruleset: bench", "title: 基准扣分表", "timezone: Asia/Shanghai",
        'sources: {m: {title: 基准, document: "000", part: 篇1}}',
        "parameters:",
        "  also: {title: 另计, unit: flag, ref: m 一, values: {always: true}}",
        "tables:", "  rows:", "    title: 扣分表", "    values:",
        "      2025-01-01:", *rows, "      2026-01-01:", *rows,
        "unit_types: {village: {title: 村, ref: m 一}}",
        "inspections: {check: {title: 检查, ref: m 一}}",
        "places:", *(f"  p{i}: {{title: 地点{i}, ref: m 一}}" for i in range(PLACES)),
        "categories:", *(f"  {word}: {{title: 类{word}, ref: m 一}}" for word in words),
        "scores:", "  monthly:", "    {title: 月度, unit: [village], period: month, table: rows,",
        "     counts: [check], ref: m 三}", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _rows() -> Iterator[str]:
    for i in range(ROWS):
        find_if = f", find_if: {{also: [also{i:02d}]}}" if _flagged(i) else ""
        yield (
            f"      - {{id: r{i:02d}, title: 第{i}项, full: {10 + i % 3 * 10}, each: {1 + i % 2},"
            f" at: [p{i % PLACES}], find: [c{i:02d}]{find_if}, ref: m 二({i})}}"
        )


def _flagged(row: int) -> bool:
    return row % 10 == 3
