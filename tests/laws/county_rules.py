"""A made-up county that uses every rule kind and field at once, and revisions that change it."""

from __future__ import annotations

from functools import cache

from envrules.ruleset.check import check_ruleset
from envrules.ruleset.codes import CodeTableText, load_codes, with_codes
from envrules.ruleset.compile import Scheme, compile_ruleset
from envrules.ruleset.load import load_ruleset

TEXT = """\
ruleset: county
title: 示例县考核
timezone: Asia/Shanghai
sources: {m: {title: 示例办法, document: "001"}}
parameters:
  days:    {title: 期限, unit: calendar_days, ref: m 一, values: {always: 10, 2026-08-01: 8}}
  soon:    {title: 短期限, unit: hours, ref: m 一, values: {always: 48}}
  near:    {title: 距离, unit: metres, ref: m 一, values: {always: 30}}
  weight:  {title: 权重, unit: count, ref: m 一, values: {always: 2}}
  opens:   {title: 开始, unit: month_day, ref: m 一, values: {always: "07-10"}}
  ends:    {title: 结束, unit: month_day, ref: m 一, values: {always: "08-20"}}
  lasts:   {title: 持续, unit: calendar_days, ref: m 一, values: {always: 30}}
  line:    {title: 及格线, unit: points, ref: m 一, values: {always: 60}}
  top:     {title: 优秀线, unit: points, ref: m 一, values: {always: 90}}
  pass:    {title: 合格分, unit: points, ref: m 一, values: {always: 5}}
  part:    {title: 比例, unit: percent, ref: m 一, values: {always: 50}}
  rest:    {title: 其余, unit: percent, ref: m 一, values: {always: 50}}
  none:    {title: 无, unit: count, ref: m 一, values: {always: 0}}
  one:     {title: 一, unit: count, ref: m 一, values: {always: 1}}
  grant:   {title: 补助, unit: money, ref: m 一, values: {always: 1000}}
  up:      {title: 进位, unit: text, ref: m 一, values: {always: up}}
  twice:   {title: 倍数, unit: points, ref: m 一, values: {always: 2}}
  half:    {title: 一半, unit: ratio, ref: m 一, values: {always: 0.5}}
  split:   {title: 分榜, unit: flag, ref: m 一, values: {always: false}}
tables:
  rows:
    title: 扣分表
    values:
      always:
      - {id: heap, title: 柴草, full: 60, each: 5, find: [柴草], ref: m 二}
      - {id: paint, title: 涂写, full: 30, each: 20, find: [涂写], ref: m 二}
      - {id: moved, title: 转运, full: 10, supplied_by: 县办, ref: m 二}
calendar: {days: every_day, ref: m 一}
unit_types:
  county:  {title: 县, ref: m 一}
  town:    {title: 镇, ref: m 一}
  village: {title: 村, ref: m 一}
inspections:
  check:  {title: 考核, ref: m 一}
  exam:   {title: 验收, ref: m 一}
  patrol: {title: 巡查, ref: m 一}
places: {road: {title: 路边, ref: m 一}, field: {title: 田边, ref: m 一}}
categories: {柴草: {title: 柴草, ref: m 一}, 涂写: {title: 涂写, ref: m 一}, 棚: {title: 棚, ref: m 一}}
consequences:
  通报: {action: criticise_publicly, ref: m 一}
  提醒: {action: remind, ref: m 一}
  承诺: {action: pledge, ref: m 一}
  拨付: {action: release_funds, ref: m 一}
campaigns:
  drive: {title: 集中整治, starts: $opens, until: $ends, ref: m 一}
  eve:   {title: 节前, before: $ends, lasts: $lasts, ref: m 一}
classes:
- {id: festive, title: 节前乱象, where: {campaign: [eve], tags: [乱象]}, ref: m 一}
- {id: heaps, title: 柴草类, where: {category: [柴草]}, ref: m 一}
exclusions:
- {id: shed, title: 农用房, where: {category: [棚]}, fields: {用途: [农用]}, ref: m 一}
appeals: {title: 申诉期限, within: $days, ref: m 一}
issues:
  charge: place
  shares: {place: $half, handler: $half}
  conditions:
  - {id: plan, title: 缓办须有方案, at: deferred, fields: {方案: []}, until: true, ref: m 一}
points: {title: 点位, ref: m 一}
priorities:
- {id: spot, title: 重点, where: {place: [road]}, tags: {乱象: $weight}, ref: m 一}
sequences:
  order:
    title: 次序
    unit: [village]
    ref: m 一
    by: [{title: 先中心, attribute: 区位, values: [中心, 外围], ref: m 一}]
recurrences:
  rebound: {title: 回潮, same: [unit, place], within: $days, reopens: true, ref: m 一}
  twin: {title: 疑似重复, same: [category], since: found, within: $soon, near: $near, ref: m 一}
checklists:
  clean:
    title: 七净
    inspections: [exam, check]
    ref: m 一
    items: [{id: 路净, title: 路面, points: 5, ref: m 一}, {id: 墙净, title: 墙面, points: 3, ref: m 一}]
  whole:
    title: 齐全
    inspections: [exam]
    at_least: $pass
    ref: m 一
    items: [{id: 路净, title: 路面, points: 5, ref: m 一}, {id: 墙净, title: 墙面, points: 3, ref: m 一}]
indicators:
  water: {title: 清水率, unit: [village], period: month, at_least: $part, measured: {organ: 环保局, form: percent}, ref: m 三}
  heads: {title: 保洁员, unit: [town], period: quarter, measured: {form: headcount, per: $weight, rounding: $up}, ref: m 三}
  fixed:
    {title: 按期率, unit: [village, town, county], period: month, at_least: $part, ref: m 三,
     issues: {count: [on_time], of: [due], deadline: fix}}
  many: {title: 专项案件, unit: [county], period: quarter, ref: m 三, issues: {count: [found], where: {classes: [heaps]}}}
  starred: {title: 星级率, unit: [town, county], period: month, at_least: $part, ref: m 三, bands: {score: village, bands: [five], among: {区位: [中心]}}}
  toured: {title: 履职率, unit: [town, county], period: month, at_most: $rest, ref: m 三, duties: {duty: tour}}
  annual: {title: 年报数, unit: [county], period: year, ref: m 三, duties: {duty: plan, form: count}}
  surprise: {title: 明暗之差, unit: [village], period: month, at_most: $none, ref: m 三, visits: {inspections: [check]}}
gates:
  fund:
    title: 资金
    unit: [village]
    amount: $grant
    attribute: 金额
    application: 申请
    chain: [镇, 县]
    ref: m 四
    steps:
    - {id: first, title: 首笔, share: $part, needs: [合同], then: [拨付], ref: m 四}
    - {id: second, title: 尾款, share: $rest, progress: {indicator: 进度, at_least: $part}, then: [提醒], ref: m 四}
  plain:
    title: 奖补
    unit: [village, town]
    amount: $grant
    ref: m 四
    steps: [{id: only, title: 一次, share: $part, needs: [合同], progress: {indicator: 进度, at_least: $part}, then: [提醒], ref: m 四}]
scores:
  village:
    {title: 村分, unit: [village], period: month, table: rows, counts: [check], several: sum, repeat: fix,
     restore: $part, restore_by: fix, finder: {市级: $twice}, own_found: $half, min_presence: $half,
     not_assessed: full, bonus: {title: 奖分, approved_by: 督查组, ref: m 五}, ref: m 五}
  clean: {title: 七净分, unit: [village], period: month, checklist: clean, counts: [exam], ref: m 五}
  total: {title: 总分, unit: [village], period: month, weighted: {village: $part, clean: $rest}, ref: m 五}
  quarter: {title: 季分, unit: [village], period: quarter, mean_of: village, min_share: $half, ref: m 五}
  year: {title: 年分, unit: [village], period: year, weighted: {quarter: $part, total: $rest}, ref: m 五}
  town: {title: 镇分, unit: [town], period: month, indicator: starred, ref: m 五}
bands:
  village:
  - {id: five, title: 五星, at_least: $top, needs: [whole], colour: green, ref: m 五}
  - {id: four, title: 四星, at_least: $line, below: $top, colour: yellow, ref: m 五}
  - {id: bare, title: 无星, below: $line, ref: m 五}
  town: [{id: good, title: 好, at_least: $line, ref: m 五}, {id: poor, title: 差, below: $line, ref: m 五}]
demotions: {village: {title: 降级, recurred: rebound, levels: $one, ref: m 五}}
lists:
  red: {title: 红榜, of: village, top_share: $part, rounding: up, split: $split, only_if_at_least: $line, unless: [slips.white], then: [提醒], ref: m 六}
  black: {title: 黑榜, of: village, bottom_share: $part, ties: exclude, only_if_below: $top, never_with: red, then: [通报], ref: m 六}
ladders:
  slips:
    title: 督办单
    starts: found
    stops: verified
    merge: [unit, rung, day]
    direct_issue_by: [town]
    ref: m 七
    rungs: [{id: white, title: 白单, after: $soon, then: [提醒], ref: m 七}, {id: red, title: 红单, after_service: $soon, then: [通报], ref: m 七}]
  notes: {title: 通知单, where: {category: [柴草]}, starts: found, service: receipt, ref: m 七, rungs: [{id: note, title: 通知, at: start, then: [提醒], ref: m 七}, {id: again, title: 再通知, after_service: $soon, then: [通报], ref: m 七}]}
deadlines:
  fix: {title: 整改期, starts: found, stops: verified, within: $soon, host_deadline: prefer, ref: m 七}
duties:
  tour: {title: 巡查, unit: [village], every: week, met_by: {inspection: [patrol]}, ref: m 八}
  monthly: {title: 月报, unit: [village, town], every: month, during: drive, signed: true, fields: [附表], met_by: {report: [月报]}, ref: m 八}
  plan: {title: 年报, unit: [village], every: year, not_before: $opens, by: $ends, met_by: {report: [年报], inspection: [exam]}, ref: m 八}
rules:
- {id: rebound, title: 回潮通报, when: {recurred: rebound}, then: [通报], ref: m 九}
- {id: heaps, title: 柴草提醒, when: {classified: heaps}, then: [提醒, {require: 承诺, by: 村, within: $soon}], ref: m 九}
- {id: broken, title: 失诺, when: {any: [{late: 承诺}, {rule: rebound}, {overdue: fix}]}, then: [通报], ref: m 九}
- {id: idle, title: 怠职, when: {any: [{missed: any}, {late: monthly}, {not_accepted: monthly}]}, then: [通报], ref: m 九}
- {id: target, title: 指标, when: {any: [{indicator: fixed.missed}, {indicator: water.not_measured}, {checklist: whole.failed}]}, then: [提醒], ref: m 九}
- {id: paid, title: 到账, when: {any: [{gate: fund.first}, {gate: plain.only}, {met: plan}]}, then: [提醒], ref: m 九}
- {id: ranked, title: 上榜, when: {any: [{band: village.bare}, {list: black}, {slip: slips.red}, {refused: plan}]}, then: [通报], ref: m 九}
"""


def changed(text: str, *changes: tuple[str, str]) -> str:
    """Return the text with every one of these changes, each of which must find its place."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def without(text: str, *beginnings: str) -> str:
    """Return the text without the lines that begin so, each of which must be there."""
    lines = text.splitlines(keepends=True)
    for beginning in beginnings:
        assert any(line.startswith(beginning) for line in lines), beginning
    return "".join(line for line in lines if not line.startswith(beginnings))


TEXTS = {
    "r1": TEXT,
    # Values alone.
    "r2": changed(
        TEXT, ("{always: 10, 2026-08-01: 8}", "{always: 3}"), ("{always: 48}", "{always: 24}"),
        ("{title: 及格线, unit: points, ref: m 一, values: {always: 60}}",
         "{title: 及格线, unit: points, ref: m 一, values: {always: 85}}"),
    ),
    # Definitions go, and others read other things.
    "r3": changed(
        without(TEXT, "  one:", "points:", "- {id: paid", "  water:", "appeals:", "demotions:", "  notes:"),
        ("same: [unit, place]", "same: [unit, category]"), ("charge: place", "charge: handler"),
        ("    merge: [unit, rung, day]\n", ""), (", {indicator: water.not_measured}", ""),
        ("every: week", "every: month"), ("several: sum", "several: worst"),
        ("when: {recurred: rebound}", "when: {all: [{recurred: rebound}, {classified: heaps}]}"),
    ),
    # Fewer facts are asked for.
    "r4": changed(TEXT, (", {overdue: fix}]", "]")),
}  # fmt: skip
CODES = """\
codes: host
title: 平台代码
scheme: county
entries:
- {large: "01", category: 柴草, place: road, tags: [乱象], title: 柴垛}
- {large: "02", category: 涂写, title: 涂写}
"""


@cache
def library(_scheme: str, revision: str) -> Scheme:
    """Return the county's scheme as a revision has it."""
    loaded = load_ruleset(TEXTS[revision], "rulesets/county.yaml")
    assert [str(p) for p in check_ruleset(loaded)] == []
    scheme = compile_ruleset(loaded, revision)
    return with_codes(scheme, load_codes(CodeTableText("county.codes.yaml", CODES)))
