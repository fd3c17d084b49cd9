"""A small scheme to run worked cases against."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest

from envrules.cases import CaseResult, FileResult, factory_for, load_cases, run_file
from envrules.plugin_manager import load_plugins

MINI = """\
ruleset: mini
title: 示例考核
timezone: Asia/Shanghai
sources: {m: {title: 示例办法, document: "001"}}
parameters:
  line:  {title: 警告线, unit: points, ref: m 一, values: {always: 70}}
  limit: {title: 整改期限, unit: calendar_days, ref: m 二, values: {always: 2}}
  first: {title: 红榜名额, unit: count, ref: m 三, values: {always: 1}}
tables:
  rows:
    title: 扣分表
    values:
      always:
      - {id: road, title: 路边, full: 100, each: 10, at: [road], find: [litter], ref: m 四}
calendar: {not_from_source: 示例}
unit_types: {village: {title: 村, ref: m 一}}
inspections: {check: {title: 检查, ref: m 一}}
places: {road: {title: 路边, ref: m 四}}
categories: {litter: {title: 垃圾, ref: m 四}}
consequences:
  警告: {action: warn, ref: m 一}
  表扬: {action: commend, ref: m 三}
scores:
  monthly: {title: 月度得分, unit: [village], period: month, table: rows, counts: [check], ref: m 一}
bands:
  monthly:
  - {id: bad, title: 差, below: $line, ref: m 一}
  - {id: good, title: 好, colour: green, at_least: $line, ref: m 一}
lists:
  red: {title: 红榜, of: monthly, top: $first, then: [表扬], ref: m 三}
deadlines:
  fix: {title: 整改, within: $limit, ref: m 二}
rules:
- {id: warn, title: 警告, when: {band: monthly.bad}, then: [警告], ref: m 一}
"""

CHECK = (
    "event: {id: 查, at: 2026-07-10 09:00, inspection: {unit: 甲, kind: check, "
    "findings: [{category: litter, place: road, repeat: 2}]}}"
)
"""A step in which 甲 loses 20 points."""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a file of cases beside the ruleset `mini`."""

    def written(cases: str, timezone: str = "Asia/Shanghai") -> Path:
        ruleset = MINI.replace("Asia/Shanghai", timezone)
        (tmp_path / "mini.yaml").write_text(ruleset, encoding="utf-8")
        path = tmp_path / "cases.yaml"
        top = "scheme: mini\nruleset: mini.yaml\ndefaults: {units: {village: [甲]}}\ncases:\n"
        path.write_text(top + cases, encoding="utf-8")
        return path

    return written


@pytest.fixture
def run(write: Callable[..., Path]) -> Callable[..., FileResult]:
    """Return a function that runs the text of cases against the scheme `mini`."""

    def result(cases: str, timezone: str = "Asia/Shanghai") -> FileResult:
        path = write(cases, timezone)
        file = load_cases(path.read_text(encoding="utf-8"), str(path))
        return run_file(file, factory_for(file, load_plugins()))

    return result


@pytest.fixture
def run_one(run: Callable[..., FileResult]) -> Callable[..., CaseResult]:
    """Return a function that runs one case, given its steps and what it expects."""

    def result(
        steps: list[str], expect: str, more: str = "", timezone: str = "Asia/Shanghai"
    ) -> CaseResult:
        lines = ["- name: 例", *([indent(more, "  ")] if more else []), "  steps:"]
        lines += [f"  - {step}" for step in steps] if steps else ["  - tick: 2026-07-02 00:00"]
        text = "\n".join([*lines, "  expect:", indent(expect, "    ")])
        return run(text + "\n", timezone).results[0]

    return result


@pytest.fixture
def check() -> str:
    """Return the step in which 甲 loses 20 points: the event 查."""
    return CHECK
