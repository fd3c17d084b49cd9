"""A made-up ruleset to be mutated, and its cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from envrules.cases import load_cases
from envrules.cases.mutation import MutationResult, run_mutants
from envrules.cases.mutation.mutants import Mutant, Refused, mutants
from envrules.cases.mutation.operators import candidates
from envrules.plugin_manager import load_plugins
from envrules.ruleset.load import load_ruleset

HEAD = """\
ruleset: mini
title: 示例
timezone: Asia/Shanghai
sources: {m: {title: 办法, document: "001"}}
unit_types: {village: {title: 村, ref: m 一}}
"""

Make = Callable[[str], dict[str, "Mutant | Refused"]]


@pytest.fixture
def make() -> Make:
    """Return a function from the sections of a ruleset to its mutants, by name."""

    def made(sections: str) -> dict[str, Mutant | Refused]:
        loaded = load_ruleset(HEAD + sections, "mini.yaml")
        return {one.name: one for one in mutants(loaded, candidates(loaded))}

    return made


LIMIT = (
    HEAD
    + """\
parameters:
  limit: {title: 整改期限, unit: calendar_days, ref: m 二, values: {always: 2}}
deadlines:
  fix: {title: 整改, stops: handled, within: $limit, ref: m 二}
"""
)
"""An issue must be handled within two days."""

KILLERS = """\
- name: 两日之后仍未办结是超期
  overrides: {}
  steps:
  - event: {at: 2026-07-01 09:00, issue_found: {issue: 案1, place_unit: 甲}}
  - event: {at: 2026-07-01 10:00, issue_moved: {issue: 案1, move: accepted}}
  - tick: 2026-07-03 09:00
  - expect: {decisions: [{rule: deadlines.fix, outcome: running, due: 2026-07-03 09:00}]}
  - event: {at: 2026-07-03 09:00, issue_moved: {issue: 案1, move: handled}}
  expect: {decisions: [{rule: deadlines.fix, outcome: on_time}]}
"""
"""Cases that kill all mutants of `LIMIT`."""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., MutationResult]:
    """Return a function that runs cases (and declarations) against the mutants of a ruleset."""

    def result(cases: str, ruleset: str = LIMIT, sample: int = 0, seed: int = 0) -> MutationResult:
        (tmp_path / "mini.yaml").write_text(ruleset, encoding="utf-8")
        top = "scheme: mini\nruleset: mini.yaml\ndefaults: {units: {village: [甲]}}\ncases:\n"
        file = load_cases(top + cases, str(tmp_path / "cases.yaml"))
        return run_mutants([file], load_plugins(), sample, seed)

    return result
