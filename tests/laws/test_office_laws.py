"""The laws of the design over random logs of a scheme that uses every field of its scores."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.engine.made_up import SCHEME, rules_of, village
from tests.engine.office import FIX, office
from tests.laws.oracle import recompute
from tests.laws.worlds import DAY, EPOCH, HOUR, World, held

from envrules.engine.memory import MemoryLocality
from envrules.engine.standings import standings
from envrules.model.decisions import Content
from envrules.model.entries import Arrived, Closed, Entry, Published, Tick
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    Event,
    EventWithdrawn,
    Exemption,
    Finding,
    Inspection,
    IssueFound,
    IssueMoved,
    Payload,
    UnitDeclared,
)
from envrules.ruleset.compile import Scheme

TEXT = office(
    "several: sum, repeat: fix, restore: $back, restore_by: fix, finder: {市级: $city}, own_found: $own",
    issues="charge: place, shares: {place: $place, handler: $handler, supervisor: $office}",
    more="""\
  neat: {title: 七净得分, unit: [village], period: month, checklist: clean, counts: [exam], ref: m 七}
  month: {title: 月总评, unit: [village], period: month, weighted: {villages: $most, neat: $third}, ref: m 六}
  quarter: {title: 季总评, unit: [village], period: quarter, weighted: {villages: $most, month: $third}, ref: m 六}
  county: {title: 县得分, unit: [county], period: month, indicator: starred, ref: m 七}
bands:
  villages:
  - {id: five, title: 五星, at_least: $top, needs: [clean], ref: m 七}
  - {id: four, title: 四星, at_least: $line, below: $top, ref: m 七}
  - {id: none, title: 无星, below: $line, ref: m 七}
indicators:
  starred:
    {title: 五星村比例, unit: [county], period: month, at_least: $third, ref: m 七,
     bands: {score: villages, bands: [five]}}
checklists:
  clean:
    title: 七净
    inspections: [exam]
    ref: m 七
    items: [{id: 路净, title: 路面, points: 5, ref: m 七}, {id: 墙净, title: 墙面, points: 3, ref: m 七}]
recurrences: {again: {title: 反弹, same: [unit, category], within: $window, ref: m 八}}
demotions: {villages: {title: 反弹降级, recurred: again, levels: $down, ref: m 八}}
lists: {best: {title: 红榜, of: villages, top_share: $share, rounding: up, ref: m 九}}
"""
    + FIX,
)  # fmt: skip


WITHOUT_RECURRENCE = "".join(
    line for line in TEXT.splitlines(keepends=True)
    if not line.startswith(("recurrences:", "demotions:", "  window:", "  down:"))
)  # fmt: skip
"""What a recurrence told is not brought back once another finding has made it none."""


def library(_scheme: str, _revision: str) -> Scheme:
    """Return the one ruleset."""
    return rules_of(TEXT)


def run(entries: list[Entry], text: str = TEXT) -> MemoryLocality:
    """Return the locality after these entries."""
    locality = MemoryLocality("town", lambda _scheme, _revision: rules_of(text))
    locality.replay(entries)
    return locality


INSTANTS = st.builds(
    lambda day, hour: EPOCH + day * DAY + hour * HOUR,
    st.sampled_from((0, 1, 2, 4, 9, 10, 11, 30, 31, 32, 35)), st.sampled_from((0, 10)),
)  # fmt: skip
ISSUES = st.sampled_from(("A", "B"))
VISITS = st.sampled_from(("I1", "I2", "I3"))
UNIT = st.sampled_from(("zhao", "qian"))
_found = st.builds(
    IssueFound, issue=ISSUES, category=st.sampled_from(("垃圾", "涂写", "")), place_unit=UNIT,
    source=st.sampled_from(("check", "check", "patrol")), inspection=VISITS,
    source_level=st.sampled_from(("", "市级")), reporter_unit=st.sampled_from(("", "zhao")),
    handling_unit=st.sampled_from(("", "qian")),
)  # fmt: skip
_MOVES = ("handled",) * 3 + ("check_passed",) * 3 + ("check_failed", "extended")


def _moved(*moves: str) -> st.SearchStrategy[Payload]:
    return st.builds(
        IssueMoved, issue=ISSUES, move=st.sampled_from(moves), approver=st.just("p1"), until=INSTANTS
    )  # fmt: skip


_seen = st.builds(
    lambda visit, unit, issues: Inspection(visit, unit, "check", findings=tuple(
        Finding(f"f{i}", "涂写", issue=issue) for i, issue in enumerate(issues)
    )),
    VISITS, UNIT, st.lists(ISSUES, max_size=2),
)  # fmt: skip
_ANSWERS = st.sampled_from((
    {"路净": True, "墙净": True}, {"路净": True, "墙净": True}, {"路净": True, "墙净": False}, {"路净": True},
))  # fmt: skip
_examined = st.builds(
    lambda visit, unit, answers: Inspection(visit, unit, "exam", checklist=answers),
    VISITS, UNIT, _ANSWERS,
)  # fmt: skip
_exempt = st.builds(
    Exemption, since=INSTANTS, until=INSTANTS, basis=st.just("防汛"), approver=st.just("p1"),
    units=st.tuples(UNIT),
)  # fmt: skip
_declared = st.builds(village, UNIT, st.sampled_from(("xian", "")))
_FINAL: st.SearchStrategy[Payload] = st.one_of(_found, _moved(*_MOVES), _seen, _examined)
_TOLD: st.SearchStrategy[Payload] = st.one_of(_found, _moved(*_MOVES, "voided"), _seen, _examined)


def _about(target: str) -> st.SearchStrategy[Payload]:
    disputed = st.sampled_from((target, f"{target}#f0", f"{target}#路净"))
    return st.one_of(
        st.just(EventWithdrawn(target)),
        st.builds(AppealFiled, appeal=st.just("A1"), unit=UNIT, target=disputed),
        st.builds(AppealDecided, appeal=st.just("A1"), unit=UNIT, target=disputed, upheld=st.booleans()),
    )  # fmt: skip


def _again(when: int) -> list[Entry]:
    """Return the life of an issue that was put right, and of one that came where it had been."""
    payloads: list[tuple[int, Payload]] = [
        (EPOCH, IssueFound("C", "涂写", place_unit="zhao", source="patrol")),
        (EPOCH + HOUR, IssueMoved("C", "handled")), (EPOCH + HOUR, IssueMoved("C", "check_passed")),
        (when, IssueFound("D", "涂写", place_unit="zhao", source="patrol")),
    ]  # fmt: skip
    return [Arrived(Event(f"c{i}", at, payload)) for i, (at, payload) in enumerate(payloads)]


@st.composite
def worlds(draw: st.DrawFn, *, final: bool = False) -> World:
    """Draw a log; `final`: nothing is taken back."""
    ids = [f"e{i}" for i in range(draw(st.integers(3, 16)))]
    more = _FINAL if final else st.one_of(
        _TOLD, _TOLD, _TOLD, _TOLD, _exempt, _declared, st.sampled_from(ids).flatmap(_about)
    )  # fmt: skip
    events: list[Entry] = [Arrived(Event(i, draw(INSTANTS), draw(more))) for i in ids]
    if not final and draw(st.booleans()):
        events = draw(st.permutations([*events, *_again(draw(INSTANTS))]))
    units = (UnitDeclared("xian", "县", "county"), village("zhao", "xian"), village("qian", "xian"))
    start: tuple[Entry, ...] = (
        Published(SCHEME, "r1"),
        *(Arrived(Event(f"u-{u.unit}", EPOCH, u)) for u in units),
    )  # fmt: skip
    segments: list[tuple[Entry, ...]] = [start]
    for period in draw(st.sampled_from(((), ("2026-07",), ("2026-07", "2026-08"),
                                        ("2026-07", "2026-08", "2026Q3")))):  # fmt: skip
        cut = draw(st.integers(0, len(events)))
        segments += [tuple(events[:cut]), (Tick(draw(INSTANTS)), Closed(SCHEME, period))]
        events = events[cut:]
    return World((*segments, tuple(events)))


LAW = settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)  # fmt: skip


@LAW
@given(worlds())
def test_incremental_equals_recomputed(world: World) -> None:
    """What stands after applying a log entry by entry is what a single evaluation gives."""
    fresh = {slot: c.essence() for slot, c in recompute(world.entries, library).items()}
    assert held(run(world.entries)) == fresh


@LAW
@given(worlds(), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(world: World, random: Random) -> None:
    """Events may arrive in any order between the same closes."""
    shuffled: list[Entry] = []
    for segment in world.segments:
        entries = list(segment)
        if not any(isinstance(entry, Closed | Published) for entry in entries):
            random.shuffle(entries)
        shuffled += entries
    assert held(run(shuffled)) == held(run(world.entries))


def figures(locality: MemoryLocality, period: str, **when: int) -> list[tuple[object, ...]]:
    """Return figure, band and standing of every unit in every monthly score of a period."""
    return [
        (score, row.unit.id, row.figure, row.band, row.status, row.rank, row.adjusted)
        for score in ("villages", "neat", "month", "county")
        for row in standings(locality.projection, SCHEME, score, period, **when)
    ]  # fmt: skip


@LAW
@given(worlds())
def test_an_open_period_shows_what_its_close_would_give(world: World) -> None:
    """Standings before a close are those after it, and the close decides what they showed."""
    closed = [entry.period for entry in world.entries if isinstance(entry, Closed)]
    period = {0: "2026-07", 1: "2026-08"}.get(len(closed), "2026-09")
    locality = run(world.entries)
    before = figures(locality, period)
    locality.append(Closed(SCHEME, period))
    assert figures(locality, period) == before
    decided = {
        (c.slot.rule, c.unit): c.points if c.kind == "score" else c.outcome
        for c in contents(locality) if c.slot.anchor == period and c.kind in ("score", "band")
    }  # fmt: skip
    for score, unit, figure, band, *_ in before:
        assert decided.get((f"scores.{score}", str(unit))) == figure
        assert decided.get((f"bands.{score}", str(unit)), "") == band


def contents(locality: MemoryLocality) -> list[Content]:
    """Return what holds."""
    return [decision.content for decision in locality.effective().values()]


@LAW
@given(worlds(final=True), st.data())
def test_the_past_is_what_was_there_to_be_read_then(world: World, data: st.DataObject) -> None:
    """Where nothing has been taken back, standings of a log entry are those that it showed."""
    locality = run(world.entries, WITHOUT_RECURRENCE)
    last = data.draw(st.integers(4, len(world.entries)))
    then = run(world.entries[:last], WITHOUT_RECURRENCE)
    for period in ("2026-07", "2026-08"):
        assert figures(locality, period, known_at=last) == figures(then, period)


def test_generator_reaches_everything() -> None:
    """Every outcome that these laws are about occurs in the logs drawn."""
    reached: set[str] = set()

    @settings(
        max_examples=250, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(worlds())
    def draw(world: World) -> None:
        for content in contents(run(world.entries)):
            reached.update({content.kind, f"{content.kind} {content.outcome}"})
            reached.update(word for word in ("返还", "分担", "×2", "×0.5", "未通过", "降级")
                           if word in content.reason)  # fmt: skip

    draw()
    wanted = {
        "finding repeat", "finding waived", "finding void", "finding incomplete", "finding exempt",
        "deduction", "band five", "band four", "score scored", "score not_assessed", "adjustment",
        "indicator met", "indicator missed", "recurrence", "list", "rank", "返还", "分担", "×2", "×0.5",
        "未通过", "降级",
    }  # fmt: skip
    assert wanted - reached == set()
