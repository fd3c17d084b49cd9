"""A ruleset whose rules ask too much is refused; one that asks for all it may is judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.checks import check_emitted, check_log, check_rebuild, check_replay
from tests.faults.killing import installed
from tests.faults.test_projector_process import BEGIN, set_up

from envrules.client import CallFailed, Client
from envrules.model.base import HOUR
from envrules.model.decisions import decode_decision
from envrules.resources import rulesets_dir
from envrules.store import Store

TOWN, SCHEME = "gaoling", "town_deduction"
BEFORE, PERIOD = "2026-09", "2026-10"
"""The month in which the village was declared, and the first whole one."""
MONTH = 31 * 24 * HOUR
_DUTIES, _RULES = "\nduties:\n", "\nrules:\n"


def ruleset(duties: int, *whens: str) -> str:
    """The town's, with so many duties that nobody does, and rules on what is missed of them."""
    text = (rulesets_dir() / f"{SCHEME}.yaml").read_text(encoding="utf-8")
    assert text.count(_DUTIES) == text.count(_RULES) == 1
    duty = "{{title: 职责{0}, unit: [village], every: month, met_by: {{inspection: [patrol]}}, ref: m 三2}}"
    made = "".join(f"  d{n}: {duty.format(n)}\n" for n in range(duties))
    rules = "".join(
        f"- {{id: wild{n}, title: 失职, when: {when}, then: [警告], ref: m 三2警告}}\n"
        for n, when in enumerate(whens)
    )
    return text.replace(_DUTIES, f"{_DUTIES}{made}").replace(_RULES, f"{_RULES}{rules}")


JOINS = "{all: [{missed: any}, {missed: any}, {missed: any}]}"


@pytest.mark.parametrize(
    ("duties", "when", "says"),
    [
        pytest.param(26, JOINS, "joins 28 × 28 × 28 facts", id="joins"),
        pytest.param(59, "{missed: any}", "the rules ask for 65 facts", id="facts"),
    ],
)
def test_a_rule_that_asks_too_much(tmp_path: Path, duties: int, when: str, says: str) -> None:
    """With one duty more it is refused, by its place in the file, and the last good one stays.

    With one less it is published, judges a village that did none of its duties, and the month can
    be closed: a stall would be seen there.
    """
    with installed(tmp_path) as installation, Client.connect(installation.start()) as client:
        set_up(client, TOWN)
        client.advance(TOWN, "patrols", BEGIN + MONTH)
        client.close_period(TOWN, SCHEME, BEFORE)
        before = [each.revision for each in client.revisions(TOWN, SCHEME)]
        wild = ruleset(duties + 1, when)
        line = next(n for n, row in enumerate(wild.splitlines(), 1) if "id: wild0" in row)
        with pytest.raises(CallFailed) as refused:
            client.publish(TOWN, SCHEME, text=wild, retroactive=True, reason="试行")
        assert refused.value.reason == "BAD_RULESET"
        (problem,) = refused.value.fields
        assert problem.code == "ER606"
        assert says in problem.message
        assert problem.field.startswith(f"{SCHEME}.yaml:{line}:")
        assert [each.revision for each in client.revisions(TOWN, SCHEME)] == before

        wide = ruleset(duties, when)
        client.publish(TOWN, SCHEME, text=wide, retroactive=True, reason="试行")
        client.advance(TOWN, "patrols", BEGIN + 2 * MONTH)
        assert client.close_period(TOWN, SCHEME, PERIOD).report.closed_seq
        installation.kill()
        with Store.open(installation.url) as store:
            check_log(store, TOWN)
            rows = check_emitted(store, TOWN)
            contents = [decode_decision(row.payload).content for row in rows]
            (fired,) = {c.slot: c for c in contents if c.outcome == "wild0"}.values()
            assert len([step for step in fired.steps if "未履行" in (step.note or "")]) >= duties
            check_rebuild(store, TOWN)
            check_replay(store, TOWN)
