"""A made-up scheme with all that a bulletin tells: scores, lists, limits, slips, repeats, targets."""

RULES = """
ruleset: made_up
title: 村庄环境整治
timezone: Asia/Shanghai
sources: {m: {title: 办法, document: "1"}}
parameters:
  hours:  {title: 清理期限, unit: hours, ref: m 一, values: {always: 48}}
  today:  {title: 当日清理, unit: same_day, ref: m 一, values: {always: "24:00"}}
  early:  {title: 核查期限, unit: hours, ref: m 一, values: {always: 24}}
  late:   {title: 结案期限, unit: hours, ref: m 一, values: {always: 72}}
  slip:   {title: 黄单时限, unit: hours, ref: m 二, values: {always: 60}}
  window: {title: 回潮期限, unit: calendar_days, ref: m 二, values: {always: 30}}
  line:   {title: 合格线, unit: points, ref: m 三, values: {always: 90}}
  top:    {title: 红榜名额, unit: count, ref: m 三, values: {always: 1}}
  bottom: {title: 黑榜名额, unit: count, ref: m 三, values: {always: 1}}
  share:  {title: 按期目标, unit: percent, ref: m 四, values: {always: 80}}
tables:
  rows:
    title: 扣分表
    values:
      always: [{id: heap, title: 村容, full: 100, each: 4, ref: m 三}]
calendar: {days: every_day, not_from_source: 默认}
unit_types: {village: {title: 村, ref: m 一}, town: {title: 镇, ref: m 一}}
inspections: {check: {title: 检查, ref: m 一}}
places: {road: {title: 路边, ref: m 一}}
consequences:
  通报: {action: criticise_publicly, ref: m 二}
  表扬: {action: commend, ref: m 三}
scores:
  checked: {title: 月度考核, unit: [village], period: month, table: rows, counts: [check], ref: m 三}
bands:
  checked:
  - {id: low, title: 不合格, below: $line, colour: red, ref: m 三}
  - {id: high, title: 合格, at_least: $line, colour: green, ref: m 三}
lists:
  red: {title: 红榜, of: checked, top: $top, then: [表扬], ref: m 三}
  black: {title: 黑榜, of: checked, bottom: $bottom, never_with: red, then: [通报], ref: m 三}
recurrences:
  rebound: {title: 回潮, same: [unit, category], within: $window, ref: m 二}
ladders:
  slips:
    title: 督办单
    starts: found
    stops: closed
    rungs: [{id: yellow, title: 黄单, after: $slip, then: [通报], ref: m 二}]
    ref: m 二
deadlines:
  clear:  {title: 清理, where: {category: [垃圾]}, stops: closed, within: $hours, ref: m 一}
  tidy:   {title: 日清, where: {category: [柴草]}, stops: closed, within: $today, ref: m 一}
  check:  {title: 核查, where: {category: [污水]}, stops: verified, within: $early, ref: m 一}
  finish: {title: 结案, where: {category: [污水]}, stops: closed, within: $late, ref: m 一}
  handle: {title: 处置, where: {category: [占道]}, stops: handled, within: $early, ref: m 一}
indicators:
  in_time:
    title: 按期清理率
    unit: [village]
    period: month
    issues: {count: [on_time], of: [due], deadline: clear}
    at_least: $share
    ref: m 四
"""
