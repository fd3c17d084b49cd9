"""A small scheme with its clause list and cases, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from envrules.clauses import Coverage
from envrules.clauses.run import run_coverage
from envrules.plugin_manager import load_plugins

RULESET = """\
ruleset: mini
title: 示例考核
timezone: Asia/Shanghai
sources:
  m: {title: 示例办法, document: "009", part: 篇1}
parameters:
  line:  {title: 警告线, unit: points, ref: m 二警告, values: {always: 70}}
  limit: {title: 整改期限, unit: calendar_days, not_from_source: 未写, values: {always: 2}}
tables:
  rows:
    title: 扣分表
    values:
      always:
      - {id: road, title: 路边, full: 100, each: 10, at: [road], find: [litter], ref: m 一}
      2027-01-01:
      - {id: road, title: 路边, full: 100, each: 20, at: [road], find: [litter], ref: m 一}
calendar: {ref: m 三}
unit_types: {village: {title: 村, ref: m 三}, road: {title: 路段, not_from_source: 未写}}
inspections: {check: {title: 检查, ref: m 三}}
places: {road: {title: 路边, ref: m 一}}
categories: {litter: {title: 垃圾, ref: m 一}}
consequences: {警告: {action: warn, ref: m 二警告}}
scores:
  monthly: {title: 得分, unit: [village], period: month, table: rows, counts: [check], ref: m 二}
bands:
  monthly:
  - {id: bad, title: 差, below: $line, ref: m 二警告}
  - {id: good, title: 好, at_least: $line, not_from_source: 未写}
ladders:
  slips:
    title: 督办单
    starts: found
    stops: closed
    ref: m 四
    rungs: [{id: first, title: 白单, after: $limit, ref: m 四}]
rules:
- {id: warn, title: 警告, when: {band: monthly.bad}, then: [警告], ref: m 二、二警告}
"""
LIST = """\
document: "009"
title: 示例办法
paragraphs: 6
parts:
- clauses:
  - {at: 1, clause: 题, says: 标题, not_judgeable: 标题}
- part: 篇1
  scheme: mini
  clauses:
  - {at: 2, clause: 一, says: 一处扣 10 分}
  - {at: 3, clause: 二, says: 每月打分}
  - {at: 3, clause: 二警告, says: 低于 70 分警告, note: 原文两处不一}
  - {at: 4, clause: 三, says: 检查各村}
  - {at: 5, clause: 四, says: 逾期下发督办单}
  - {at: 6, clause: 五, says: 加强领导, not_judgeable: 口号}
"""
CASES = """\
scheme: mini
ruleset: ../mini.yaml
defaults: {units: {village: [甲]}}
cases:
- name: 四处扣 40 分，警告
  ref: m 二警告
  steps:
  - event: {at: 2026-07-10 09:00, inspection: {unit: 甲, kind: check, findings: [
      {category: litter, place: road, repeat: 4}]}}
  - close: 2026-07
  expect: {decisions: [{rule: '*', count: 7}]}
- name: 逾期下发白单
  steps:
  - event: {at: 2026-07-01 09:00, issue_found: {issue: A, category: litter, place_unit: 甲}}
  - tick: 2026-07-10 00:00
  expect: {decisions: [{rule: ladders.slips.first}]}
"""


@dataclass(frozen=True)
class Site:
    """A folder with a ruleset, its cases and the clause list."""

    root: Path

    @property
    def folder(self) -> Path:
        """The folder of clause lists and pages."""
        return self.root / "coverage"

    def cover(self) -> Coverage:
        """Return the coverage of what stands there."""
        return run_coverage(self.folder, [self.root / "worked" / "mini.yaml"], load_plugins())

    def change(self, name: str, old: str, new: str) -> None:
        """Replace something that stands in a file once."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (old, text.count(old))
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site where everything is covered."""
    for name, text in (
        ("mini.yaml", RULESET), ("coverage/009.yaml", LIST), ("worked/mini.yaml", CASES),
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Site(tmp_path)


@pytest.fixture
def problems(site: Site) -> Callable[..., list[str]]:
    """Return a function that gives the problems of the site as `file:line: CODE message`."""

    def found() -> list[str]:
        return [
            f"{Path(p.file).name}:{p.line}: {p.code} {p.message}" for p in site.cover().problems
        ]

    return found
