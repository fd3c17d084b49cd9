"""Worked cases: a scheme's document as examples, in YAML, run against the engine.

    load_cases → CaseFile → run_file → FileResult → as_text, as_json

A case is one locality from its first event to what is decided in the end. The comparison goes
both ways: every expectation must be met, and every decision must have been expected.

    scheme: my_town                     # its plugin's ruleset, or `ruleset: path` from this file
    defaults: {units: {village: [赵村, 村1..9]}}      # also overrides, codes, begins; cases may differ
    cases:
    - name: 69 分，警告
      ref: m 三2                        # the clause, for the reader
      overrides: {warning_line: {always: 70, 2026-08-01: 75}}     # or one value for always
      codes: town_platform.codes.yaml   # the host's code table: a path from this file
      begins: 2026-01-01                # default: the month of the first event or tick
      steps:                            # in the order of the log, each exactly one of
      - event: {at: 2026-07-10 09:00, inspection: {kind: check, findings: [{category: 垃圾, repeat: 31}]}}
        each: {unit: [赵村, 钱村]}      # one event a row; `by:` says who submitted it
      - tick: 2026-07-20 09:00
      - publish_ruleset: {set: {warning_line: 75}}     # or codes: path, or both
      - close: 2026-07                  # ticks to the end of the period first
      - approve: {rule: rules.warn, unit: 赵村, by: 镇长}         # publish, revoke; at, reason, count
      - expect: {decisions: []}         # in the middle, as at the end
      expect:
        decisions:                      # all that holds, each pattern exactly `count` times
        - {rule: scores.monthly.*, unit: 赵村, count: 31, total_counted: -30}
        emitted: [{rule: rules.warn, change: issue}]     # all of these rules, in order
        never: [{rule: rules.weak}]     # not once, not even for a while
        standings: [{score: monthly, period: 2026-07, units: {赵村: {figure: 69, band: warned}}}]
        lists: {2026-07: {red: [赵村]}}

    equivalent:                         # mutants that change no decision: `envrules.cases.mutation`
    - {because: 整日计算，上班时刻不影响到期, mutants: ["calendar.hours 08:30-12:00 → 08:31-12:00"]}

A pattern names any fields of a decision (`envrules.cases.expectations.FIELDS`); `*` in `rule`
stands for anything. Standings (also `as_of`, `after_step`) and lists account for the decisions
that say the same. Times are local to the scheme. Events are those of `envrules.wire.events_json`,
with the short forms of `envrules.cases.events`.
"""

from envrules.cases.compare import Failure
from envrules.cases.loader import load_cases
from envrules.cases.model import Case, CaseFile
from envrules.cases.report import as_json, as_text
from envrules.cases.results import CaseResult, FileResult, SchemeFactory
from envrules.cases.runner import run_case, run_file
from envrules.cases.schemes import factory_for

__all__ = [
    "Case",
    "CaseFile",
    "CaseResult",
    "Failure",
    "FileResult",
    "SchemeFactory",
    "as_json",
    "as_text",
    "factory_for",
    "load_cases",
    "run_case",
    "run_file",
]
