"""The laws of the design for everything that is about issues, over random logs of a made-up scheme."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.issue_town import RULES, at, compiled
from tests.laws.oracle import recompute

from envrules.engine.memory import MemoryLocality
from envrules.model.entries import Arrived, Closed, Entry, Published, Tick
from envrules.model.events import (
    Event,
    EventWithdrawn,
    Exemption,
    IssueFound,
    IssueMoved,
    Move,
    Payload,
    UnitDeclared,
    UnitMerged,
)
from envrules.ruleset.compile import Scheme

# The second revision counts other things as the same, and for longer.
TEXTS = {
    "r1": RULES,
    "r2": RULES.replace("same: [unit, place]", "same: [unit, point]").replace(
        "{always: 30, 2026-09-01: 10}", "{always: 40}"
    ),
}
DAYS = ("07-01", "07-03", "07-31", "08-01", "09-01", "09-11")
INSTANTS = st.builds(
    lambda day, hour: at(f"{day} {hour:02d}:00"),
    st.sampled_from(DAYS), st.sampled_from((0, 9, 9, 10)),
)  # fmt: skip
ISSUES = ("A", "B", "C", "D")
UNITS = st.sampled_from(("zhao", "zhao", "zhao", "qian", "sun"))
LEDGERS = st.sampled_from(
    ({}, {}, {"方案": "甲"}, {"验收": "合格"}, {"指导": "国土所", "用途": "农用"})
)
_fields: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({
    "category": st.sampled_from(("柴草堆", "柴草堆", "柴草堆", "棚", "")),
    "place": st.sampled_from(("road", "road", "road", "field", "nowhere")),
    "place_unit": UNITS,
    "point": st.sampled_from(("P", "P", "Q", "")),
    "tags": st.sampled_from(((), ("游客",), ("乱象",))),
    "duplicate_of": st.sampled_from(("", "", "", "X")),
    "ledger": LEDGERS,
    "longitude": st.just(Decimal("114.7")),
    "latitude": st.sampled_from([Decimal(d) for d in ("37.6", "37.6", "37.6002", "37.6004")]),
    "source": st.sampled_from(("patrol", "check")),
    "inspection": st.sampled_from(("", "I")),
})  # fmt: skip
LIVES: st.SearchStrategy[tuple[Move, ...]] = st.sampled_from((
    (), ("handled", "check_passed"), ("handled", "check_passed"), ("closed",), ("deferred",),
    ("handled", "check_failed"), ("closed", "called_back"), ("voided",), ("force_closed",),
    ("registered", "suspended", "handled"),
))  # fmt: skip


@st.composite
def _lives(draw: st.DrawFn, issue: str) -> list[tuple[int, Payload]]:
    """Draw an issue's finding and its steps, mostly in their order."""
    moments = draw(st.lists(INSTANTS, min_size=4, max_size=4))
    when = sorted(moments) if draw(st.integers(0, 4)) else moments
    steps: list[Payload] = [IssueFound(issue, **draw(_fields))]
    steps += [
        IssueMoved(issue, move, approver=draw(st.sampled_from(("", "p1", "p1"))), basis="文件",
                   ledger=draw(LEDGERS), until=draw(st.one_of(st.none(), INSTANTS)))
        for move in draw(LIVES)
    ]  # fmt: skip
    return list(zip(when, steps, strict=False))


_declared = st.builds(
    UnitDeclared, unit=UNITS, title=UNITS, type=st.sampled_from(("village", "village", "town")),
    parent=st.sampled_from(("", "sun")), since=st.just(at("01-01 00:00")),
    attributes=st.sampled_from(({}, {"区位": "中心"}, {"区位": "外围", "布局": "集中"})),
)  # fmt: skip
_others = st.one_of(
    st.builds(UnitMerged, units=st.tuples(UNITS), into=UNITS),
    st.builds(Exemption, since=INSTANTS, until=INSTANTS, basis=st.just("防汛"),
              approver=st.just("p1"), issues=st.tuples(st.sampled_from(ISSUES))),
)  # fmt: skip


@cache
def library(_scheme: str, revision: str) -> Scheme:
    """Return the made-up scheme as a revision has it."""
    return compiled(TEXTS[revision], revision)


@st.composite
def logs(draw: st.DrawFn) -> list[list[Entry]]:
    """Draw a log in segments: within one, events may come in any order."""
    happened = [step for issue in ISSUES for step in draw(_lives(issue))]
    ids = st.integers(0, len(happened)).map(lambda i: f"e{i}")
    withdrawals = st.builds(EventWithdrawn, target=ids)
    more = st.one_of(_declared, _others, withdrawals)
    happened += [(draw(INSTANTS), payload) for payload in draw(st.lists(more, max_size=3))]
    names = draw(st.permutations([f"e{i}" for i in range(len(happened))]))
    events: list[Entry] = [
        Arrived(Event(name, when, payload))
        for name, (when, payload) in zip(names, happened, strict=True)
    ]
    for n, unit in enumerate(("zhao", "qian")):
        declared = UnitDeclared(unit, unit, "village")
        events.insert(
            draw(st.sampled_from((0, 0, 0, len(events)))),
            Arrived(Event(f"u{n}", at("01-01 00:00"), declared)),
        )
    cut = draw(st.integers(0, len(events)))
    r1, r2, close = (
        Published("made_up", "r1"), Published("made_up", "r2"), Closed("made_up", "2026-07")
    )  # fmt: skip
    between = close if draw(st.integers(0, 2)) == 0 else r2
    last = [Tick(draw(INSTANTS))] if draw(st.booleans()) else [r1]
    return [[r1], events[:cut], [Tick(draw(INSTANTS)), between],
            events[cut:], [*last, Tick(at("09-20 00:00"))]]  # fmt: skip


def run(entries: list[Entry]) -> MemoryLocality:
    """Return the locality after these entries."""
    locality = MemoryLocality("town", library)
    locality.replay(entries)
    return locality


def held(locality: MemoryLocality) -> dict[str, str]:
    """Return what holds, slot by slot, by essence."""
    return {slot: d.content.essence() for slot, d in locality.effective().items()}


LAW = settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@LAW
@given(logs(), st.randoms(use_true_random=False))
def test_neither_order_nor_increments_matter(segments: list[list[Entry]], random: Random) -> None:
    """Shuffled within its segments, and recomputed at once, a log leads to the same decisions."""
    entries = [entry for segment in segments for entry in segment]
    incremental = held(run(entries))
    assert incremental == {s: c.essence() for s, c in recompute(entries, library).items()}
    shuffled = [list(segment) for segment in segments]
    for events in (shuffled[1], shuffled[3]):
        random.shuffle(events)
    assert incremental == held(run([entry for segment in shuffled for entry in segment]))


@LAW
@given(logs())
def test_each_version_of_a_slot_is_emitted_once(segments: list[list[Entry]]) -> None:
    """A slot counts 1, 2, 3 …, whichever place decides it under the revision of the day."""
    versions: dict[str, int] = {}
    for decision in run([entry for segment in segments for entry in segment]).emitted():
        slot = decision.content.slot.key()
        assert decision.version == versions.get(slot, 0) + 1
        versions[slot] = decision.version


def test_the_logs_reach_what_they_are_about() -> None:
    """Recurrences, suspected duplicates, points open and closed, exclusions and classes all occur."""
    reached: set[str] = set()

    @settings(LAW, max_examples=300, database=None, derandomize=True)
    @given(logs())
    def draw(segments: list[list[Entry]]) -> None:
        emitted = run([entry for segment in segments for entry in segment]).emitted()
        reached.update(f"{d.content.slot.rule} {d.content.outcome}" for d in emitted)

    draw()
    assert reached >= {
        "recurrences.rebound recurred", "recurrences.rebound reopened",
        "recurrences.twice recurred", "points open", "points closed", "rules.again again",
        "exclusions.farm_shed excluded", "classes.cleared cleared", "priorities.spot raised",
        "sequences.order ranked", "issues.deferred rejected", "rules.no_plan no_plan",
    }  # fmt: skip
