"""All schemes in one service: what one locality is told changes nothing for another."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.service.site import Site, at

from envrules.cases import factory_for, load_cases, run_case
from envrules.cases.model import Case
from envrules.cases.results import CaseResult
from envrules.client import CallFailed, Client
from envrules.engine.chaining import Chainer
from envrules.model.decisions import Decision, decode_decision
from envrules.model.entries import Act, Arrived, Closed, Entry, Published, Tick
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    Event,
    Inspection,
    IssueFound,
    UnitDeclared,
)
from envrules.plugin_manager import load_plugins

CASES = Path(__file__).parent.parent / "cases"
SEED = 1
SHARES = 4
"""Into so many services the cases are dealt: each locality costs its service a look a second."""
LATER = at("2150-01-01 00:00")
"""The server's wall clock: localities go by the watermark of their host."""


@dataclass
class Alone:
    """A worked case run by itself, and the locality that will be told the same."""

    name: str
    scheme: str
    zone: str
    case: Case
    result: CaseResult
    steps: list[Entry] = field(default_factory=list)

    @property
    def effective(self) -> dict[str, str]:
        """What holds at the end, slot by slot."""
        return effective(self.result.emitted)


def effective(emitted: tuple[Decision, ...] | list[Decision]) -> dict[str, str]:
    """Return slot → essence of what stands after these decisions."""
    standing: dict[str, str] = {}
    for decision in emitted:
        slot = decision.content.slot.key()
        if decision.change == "revoke":
            standing.pop(slot, None)
        else:
            standing[slot] = decision.content.essence()
    return standing


def shuffled(log: tuple[Entry, ...], draw: random.Random) -> list[Entry]:
    """Return a case's log with the events between two other entries in any order.

    An appeal against a decision stays behind what led to the decision: nobody disputes it sooner.
    """
    steps: list[Entry] = []
    run: list[Entry] = []
    for entry in log:
        if isinstance(entry, Arrived) and not disputes(entry):
            run.append(entry)
            continue
        draw.shuffle(run)
        steps += [*run, entry]
        run = []
    draw.shuffle(run)
    return steps + run


def disputes(entry: Arrived) -> bool:
    """Tell whether an event is about a decision, by its slot."""
    payload = entry.event.payload
    return isinstance(payload, AppealFiled | AppealDecided) and "\n" in payload.target


def worked_cases(draw: random.Random) -> Iterator[Alone]:
    """Run every case of every built-in scheme by itself."""
    plugins, chainer = load_plugins(), Chainer()
    for path in sorted(CASES.glob("*.yaml")):
        file = load_cases(path.read_text(encoding="utf-8"), str(path))
        factory = factory_for(file, plugins)
        for number, case in enumerate(file.cases):
            result = run_case(case, factory, chainer)
            assert result.passed, (path.name, case.name)
            name = f"{file.scheme.replace('_', '-')}-{number}"
            yield Alone(name, file.scheme, factory({}).timezone, case, result,
                        shuffled(result.log, draw))  # fmt: skip


def interleaved(cases: list[Alone], draw: random.Random) -> Iterator[tuple[Alone, Entry]]:
    """Yield every step of every case in one stream; within a case they keep their order."""
    waiting = [(alone, iter(alone.steps)) for alone in cases]
    while waiting:
        i = draw.randrange(len(waiting))
        entry = next(waiting[i][1], None)
        if entry is None:
            waiting[i] = waiting[-1]
            waiting.pop()
        else:
            yield waiting[i][0], entry


def tell(site: Site, client: Client, alone: Alone, entry: Entry) -> None:
    """Let a locality take one step: events, time, closes and rulesets through the API."""
    locality = alone.name
    match entry:
        case Tick():
            client.advance(locality, "host", entry.now)
        case Published():
            client.publish(locality, alone.scheme, reason="案例", retroactive=True,
                           overrides=entry.overrides or alone.case.overrides)  # fmt: skip
        case Arrived():
            if disputes(entry):
                assert site.runtime.wait_decided(locality, site.store.head(locality), 30)
            (receipt,) = client.submit(locality, [entry.event])
            assert not receipt.problems, (alone.case.name, receipt.problems)
        case Closed():
            close(site, client, alone, entry)
        case Act():
            act(site, alone, entry)


def close(site: Site, client: Client, alone: Alone, entry: Closed) -> None:
    """Close a period; a case may leave out the months before it, which the service asks for."""
    try:
        client.close_period(alone.name, alone.scheme, entry.period)
    except CallFailed as refused:
        if refused.reason not in ("EARLIER_PERIOD_OPEN", "LATER_PERIOD_CLOSED"):
            raise
        site.runtime._append(alone.name, entry)


def act(site: Site, alone: Alone, entry: Act) -> None:
    """Approve, publish or revoke; an act that was made at another time is put on record as such."""
    locality, head = alone.name, site.store.head(alone.name)
    assert site.runtime.wait_decided(locality, head, 30)
    _, _, state = site.runtime.locality(locality)
    assert entry.slot is not None
    row = site.store.slot_history(locality, entry.slot.key())[-1]
    if entry.at == state.tick:
        site.runtime.act(locality, row.id, [entry.action], entry.by, entry.reason)
    else:
        site.runtime._append(locality, entry)


@pytest.fixture(scope="module")
def cases() -> list[Alone]:
    """Every case of every scheme, run in memory, once for both databases."""
    return list(worked_cases(random.Random(SEED)))


@pytest.mark.parametrize("share", range(SHARES))
def test_cases_of_every_scheme_in_one_shuffled_stream(
    cases: list[Alone], start: Callable[..., Site], share: int
) -> None:
    """One locality a case, many in one service and one stream, ends as each case alone does.

    So every worked case is run on what is stored too, on either database.
    """
    site = start(clock=lambda: LATER)
    draw = random.Random(SEED + share)
    client = site.client("grid")
    cases = cases[share::SHARES]
    assert {alone.scheme for alone in cases} == {path.stem for path in CASES.glob("*.yaml")}
    for alone in cases:
        client.create_locality(alone.name, alone.case.name, alone.zone)
    for alone, entry in interleaved(cases, draw):
        tell(site, client, alone, entry)
    differing = [alone.case.name for alone in cases if held(site, alone) != alone.effective]
    assert differing == []


def held(site: Site, alone: Alone) -> dict[str, str]:
    """Return what holds in the service's locality once everything is judged."""
    head = site.store.head(alone.name)
    assert site.runtime.wait_decided(alone.name, head, 60), alone.case.name
    decisions: list[Decision] = []
    after = 0
    while rows := site.store.decisions(alone.name, after, 1000):
        decisions += [decode_decision(row.payload) for row in rows]
        after = rows[-1].decision_seq
    return effective(decisions)


def test_a_village_under_two_schemes_keeps_them_apart(start: Callable[..., Site]) -> None:
    """Each scheme decides about the village what it decides where it is alone."""
    events = [
        Event("u", at("2026-07-01 00:00"), UnitDeclared("zhao", "赵村", "village")),
        Event("i", at("2026-07-10 09:00"), Inspection("i", "zhao", "monthly_check")),
        Event("f1", at("2026-07-10 10:00"),
              IssueFound("A", "三大堆", "main_road", source="patrol", place_unit="zhao")),
        Event("f2", at("2026-07-10 11:00"),
              IssueFound("B", "三大堆", "village", source="supervision", place_unit="zhao")),
    ]  # fmt: skip
    site = start(clock=lambda: LATER)
    client = site.client("grid")
    schemes = {"one": ["town_deduction"], "other": ["liuhu"],
               "both": ["town_deduction", "liuhu"]}  # fmt: skip
    held: dict[str, dict[str, str]] = {}
    for locality, bound in schemes.items():
        client.create_locality(locality, locality, "Asia/Shanghai")
        client.advance(locality, "host", at("2026-07-01 00:00"))
        for scheme in bound:
            client.publish(locality, scheme)
        client.submit(locality, events)
        client.advance(locality, "host", at("2026-08-01 00:00"))
        for scheme in bound:
            client.close_period(locality, scheme, "2026-07")
        assert site.runtime.wait_decided(locality, site.store.head(locality), 30)
        rows = site.store.decisions(locality, 0, 1000)
        held[locality] = effective([decode_decision(row.payload) for row in rows])
    apart = {**held["one"], **held["other"]}
    judged = {slot for slot in held["both"] if slot.split("\n")[1] != "intake"}
    assert judged == {slot for slot in apart if slot.split("\n")[1] != "intake"}
    assert all(held["both"][slot] == apart[slot] for slot in judged)
    assert {slot.split("\n")[0] for slot in judged} == {"town_deduction", "liuhu"}
