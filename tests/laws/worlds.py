"""Random logs of a small locality: everything that the laws must hold for.

`LOGS` draws logs with late unit declarations, ties of time, illegal moves, withdrawals that come
before what they withdraw, appeals, exemptions, ticks between arrivals, watermarks, closes,
publishes and approvals. `KINDS` names what a test demands to occur.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, get_args

from hypothesis import strategies as st

from envrules.engine.memory import MemoryLocality
from envrules.engine.routing import Library
from envrules.model.decisions import Decision
from envrules.model.entries import Act, Arrived, Closed, Entry, Published, Tick
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    ApprovalGiven,
    Event,
    EventWithdrawn,
    Exemption,
    Finding,
    Inspection,
    IssueFound,
    IssueMoved,
    Move,
    Payload,
    ReportFiled,
    ScoreSupplied,
    SlipServed,
    UnitDeclared,
    UnitMerged,
)
from envrules.resources import rulesets_dir
from envrules.ruleset.compile import Scheme, compile_ruleset
from envrules.ruleset.load import load_ruleset

HOUR = 3_600_000_000
DAY = 24 * HOUR
EPOCH = 1_782_835_200_000_000  # 2026-07-01 00:00 in Shanghai
SPAN = 95 * DAY
UNITS = ("zhao", "qian", "sun", "li")
SCHEMES = ("town_deduction", "liuhu")
REVISIONS: dict[str, dict[str, dict[str, str]]] = {
    "r1": {},
    "r2": {"warning_line": {"always": "99"}, "white_after": {"always": "2"}},
}


@cache
def library(scheme: str, revision: str) -> Scheme:
    """Return a shipped ruleset, by the values of `revision`."""
    path = rulesets_dir() / f"{scheme}.yaml"
    loaded = load_ruleset(path.read_text(encoding="utf-8"), f"rulesets/{path.name}")
    own = {k: v for k, v in REVISIONS[revision].items() if k in loaded.spec.parameters}
    return compile_ruleset(loaded, revision, own)


@dataclass(frozen=True)
class World:
    """A log, in segments: within one, events may come in any order."""

    segments: tuple[tuple[Entry, ...], ...]

    @property
    def entries(self) -> list[Entry]:
        """The whole log."""
        return [entry for segment in self.segments for entry in segment]


@dataclass(frozen=True)
class Setting:
    """What logs are about: the schemes in use, the units, what may happen to them."""

    library: Library
    schemes: tuple[tuple[str, ...], ...]
    """Schemes that a locality uses together."""
    revisions: tuple[str, ...]
    """The first is in force from the beginning."""
    periods: tuple[str, ...]
    """Periods that may be closed."""
    units: tuple[UnitDeclared, ...]
    """Units that are usually known before anything else."""
    plain: st.SearchStrategy[Payload]
    about: Callable[[st.SearchStrategy[str]], st.SearchStrategy[Payload]]
    """Payloads about other events, by their ids."""
    stories: tuple[tuple[tuple[int, Payload], ...], ...] = ((),)
    """What seldom happens by chance, each with its times; one of them is mixed in."""


def run(entries: list[Entry], library: Library = library) -> MemoryLocality:
    """Return the locality after these entries."""
    locality = MemoryLocality("town", library)
    locality.replay(entries)
    return locality


def held(locality: MemoryLocality) -> dict[str, Any]:
    """Return what holds, slot by slot, by essence."""
    return {slot: d.content.essence() for slot, d in locality.effective().items()}


# Few hours of the day and few days, so that ties and borders of periods are common.
INSTANTS = st.builds(
    lambda day, hour: EPOCH + day * DAY + hour * HOUR,
    st.one_of(st.integers(0, 94), st.sampled_from((0, 30, 31, 61, 62))),
    st.sampled_from((0, 9, 10, 10, 17, 23)),
)
ISSUES = st.sampled_from(("GD-1", "GD-2", "GD-3"))
UNIT = st.sampled_from(UNITS)
CATEGORIES = st.sampled_from(("三大堆", "白色垃圾", "污水横流", "生活垃圾", "不在表内"))
PLACES = st.sampled_from(("main_road", "village_road", "village", "water", ""))
LEDGER = st.sampled_from((
    {}, {"整改措施": "清运"}, {"整改措施": "清运", "完成时限": "三日", "责任人": "p7", "督办记录": "s1"},
))  # fmt: skip

_found = st.builds(
    IssueFound, issue=ISSUES, category=CATEGORIES, place=PLACES, place_unit=UNIT, ledger=LEDGER,
    source=st.sampled_from(("patrol", "monthly_check", "supervision", "hotline")),
    inspection=st.sampled_from(("", "", "I1")), duplicate_of=st.sampled_from(("", "", "", "x")),
)  # fmt: skip
_moved = st.builds(
    IssueMoved, issue=ISSUES, move=st.sampled_from(get_args(Move)), ledger=LEDGER,
    by_unit=st.sampled_from(("督导小组", "别的单位")), approver=st.sampled_from(("", "p1")),
    basis=st.sampled_from(("", "红头文件")), until=st.one_of(st.none(), INSTANTS),
    slip=st.sampled_from(("", "yellow", "red", "blue")),
)  # fmt: skip
_walk = st.sampled_from(
    ("registered", "handled", "check_failed", "handled", "check_passed", "closed")
)
_proper = st.builds(
    IssueMoved, issue=ISSUES, move=_walk,
    ledger=st.just({"整改措施": "清运", "完成时限": "三日", "责任人": "p7", "督办记录": "s1"}),
)  # fmt: skip
_finding = st.builds(Finding, id=st.just(""), category=CATEGORIES, place=PLACES, issue=st.just(""))


@st.composite
def _inspection(draw: st.DrawFn) -> Inspection:
    findings = draw(st.lists(_finding, max_size=5))
    return Inspection(
        draw(st.sampled_from(("I1", "I2"))), draw(UNIT),
        draw(st.sampled_from(("monthly_check", "supervision", "patrol"))),
        findings=tuple(
            Finding(f"f{i}", f.category, f.place) for i, f in enumerate(findings)
        ),
    )  # fmt: skip


_supplied = st.builds(
    ScoreSupplied, unit=UNIT, score=st.sampled_from(("monthly", "annual")),
    item=st.sampled_from(("transfer", "total", "bonus", "road")),
    period=st.sampled_from(("2026-07", "2026-08", "2026-09")),
    points=st.integers(-1, 11).map(Decimal), organ=st.sampled_from(("村建办", "专班", "别人")),
)  # fmt: skip
_report = st.builds(
    ReportFiled, unit=UNIT, duty=st.sampled_from(("整改承诺", "别的")),
    period=st.sampled_from(("", "2026-07", "2026-08")),
)  # fmt: skip
_declared = st.builds(
    UnitDeclared, unit=UNIT, title=UNIT, type=st.sampled_from(("village", "village", "squad")),
    since=st.one_of(st.just(EPOCH), st.just(EPOCH + 20 * DAY)),
)  # fmt: skip
_merged = st.builds(
    UnitMerged,
    units=st.tuples(UNIT),
    into=UNIT,
)
_served = st.builds(
    SlipServed, unit=UNIT, slip=st.sampled_from(("white", "yellow")), issues=st.tuples(ISSUES)
)
_exempt = st.builds(
    Exemption, since=INSTANTS, until=INSTANTS, basis=st.just("防汛"), approver=st.just("p1"),
    units=st.one_of(st.just(()), st.tuples(UNIT)), categories=st.one_of(st.just(()), st.tuples(CATEGORIES)),
)  # fmt: skip


def _about(target: st.SearchStrategy[str]) -> st.SearchStrategy[Payload]:
    """Payloads about another event, which may come later or never."""
    finding = st.builds(lambda t, f: f"{t}{f}", target, st.sampled_from(("", "", "#f0", "#f1")))
    appeals = st.sampled_from(("A1", "A2"))
    return st.one_of(
        st.builds(EventWithdrawn, target=target),
        st.builds(ApprovalGiven, target=target, organ=st.sampled_from(("督查组", "别人")),
                  revoked=st.booleans()),
        st.builds(AppealFiled, appeal=appeals, unit=UNIT, target=finding),
        st.builds(AppealDecided, appeal=appeals, unit=UNIT, target=finding, upheld=st.booleans()),
    )  # fmt: skip


_PLAIN: st.SearchStrategy[Payload] = st.one_of(
    _found, _moved, _proper, _proper, _inspection(), _inspection(), _supplied, _report, _declared,
    _merged, _served, _exempt,
)  # fmt: skip
_TICKS = st.one_of(
    st.builds(Tick, now=INSTANTS),
    st.builds(Tick, now=INSTANTS, source=st.just("host"), until=st.one_of(st.none(), INSTANTS)),
)


_OVERDUE: tuple[tuple[int, Payload], ...] = (
    (EPOCH, UnitDeclared("zhao", "zhao村", "village")),
    (EPOCH, IssueFound("GD-9", "三大堆", "village", place_unit="zhao", source="patrol", ledger={"整改措施": "清运"})),
    (EPOCH + DAY, IssueMoved("GD-9", "registered", ledger={"整改措施": "清运", "完成时限": "三日", "责任人": "p7"})),
)  # fmt: skip
TOWN = Setting(
    library, (SCHEMES[:1], SCHEMES[1:], SCHEMES), tuple(REVISIONS), ("2026-07", "2026-08", "2026"),
    tuple(UnitDeclared(u, f"{u}村", "village") for u in UNITS[:3]), _PLAIN, _about, ((), _OVERDUE),
)  # fmt: skip


@st.composite
def worlds(draw: st.DrawFn, setting: Setting = TOWN, max_events: int = 14) -> World:
    """Draw a log."""
    ids = [f"e{i}" for i in range(draw(st.integers(3, max_events)))]
    plain, about = setting.plain, setting.about(st.sampled_from(ids))
    payloads = st.one_of(plain, plain, plain, about)
    events: list[Entry] = [
        Arrived(Event(i, draw(INSTANTS), draw(payloads), flow=draw(st.integers(0, 1)))) for i in ids
    ]
    story = draw(st.sampled_from(setting.stories))
    if story:
        told = [Arrived(Event(f"s{n}", at, payload)) for n, (at, payload) in enumerate(story)]
        events = [*told, *events]
        if draw(st.booleans()):
            events = draw(st.permutations(events))
    if draw(st.booleans()):
        known = (Arrived(Event(f"u{n}", EPOCH, unit)) for n, unit in enumerate(setting.units))
        events = [*known, *events]
    schemes = draw(st.sampled_from(setting.schemes))
    segments: list[tuple[Entry, ...]] = [
        tuple(Published(scheme, setting.revisions[0]) for scheme in schemes)
    ]
    for stop in draw(st.lists(st.sampled_from(("close", "close", "publish")), max_size=3)):
        cut = draw(st.integers(0, len(events)))
        segments.append(_with_ticks(draw, events[:cut]))
        events = events[cut:]
        segments.append(tuple(_separator(draw, setting, s, stop) for s in schemes))
    segments += [_with_ticks(draw, events), (Tick(draw(INSTANTS) + SPAN // 2),)]
    world = World(tuple(segments))
    return _with_acts(draw, setting, world) if draw(st.booleans()) else world


def _separator(draw: st.DrawFn, setting: Setting, scheme: str, kind: str) -> Entry:
    if kind == "publish":
        return Published(scheme, draw(st.sampled_from(setting.revisions)))
    return Closed(scheme, draw(st.sampled_from(setting.periods)))


def _with_ticks(draw: st.DrawFn, events: list[Entry]) -> tuple[Entry, ...]:
    entries = list(events)
    for tick in draw(st.lists(_TICKS, max_size=2)):
        entries.insert(draw(st.integers(0, len(entries))), tick)
    return tuple(entries)


def _with_acts(draw: st.DrawFn, setting: Setting, world: World) -> World:
    """Approve and dispute some of what was decided when the log has ended, and go on."""
    held = run(world.entries, setting.library)
    emitted = held.state.changes.decisions
    standing = {d.id for d in held.effective().values()}
    waiting = [one for one in emitted if one[0].content.publication == "proposed"]
    disputable = [one for one in emitted if one[0].id in standing]
    if not disputable:
        return world
    more: list[tuple[Entry, ...]] = []
    if waiting:
        decision, node = draw(st.sampled_from(waiting))
        more.append(tuple(_act(draw, node, decision, how) for how in ("approve", "publish")))
    if not waiting or draw(st.booleans()):
        decision, node = draw(st.sampled_from(disputable))
        more.append(_appeal(draw, node, decision))
    stop = draw(st.sampled_from(("", "close", "publish")))
    if stop:
        more.append((_separator(draw, setting, emitted[0][0].content.slot.scheme, stop),))
    return World((*world.segments, *more, (Tick(EPOCH + 3 * SPAN),)))


def _act(draw: st.DrawFn, node: str, decision: Decision, action: Any) -> Act:
    content = decision.content
    moment = draw(INSTANTS)
    return Act(action, "chief", moment, node, content.slot, content.substance(), content.served)


def _appeal(draw: st.DrawFn, node: str, decision: Decision) -> tuple[Entry, ...]:
    """Return an appeal against a decision: filed, perhaps decided, perhaps taken back."""
    unit, target = decision.content.unit, decision.content.slot.key()
    at = max(decision.content.at, EPOCH) + draw(st.sampled_from((0, DAY, 20 * DAY)))
    payloads: list[Payload] = [
        AppealFiled("A9", unit, target),
        AppealDecided("A9", unit, target, draw(st.booleans())),
        EventWithdrawn(f"a{draw(st.integers(0, 1))}"),
    ]
    return tuple(
        Arrived(
            Event(f"a{i}", at, payload), "", *((node, decision.content.served) if i < 2 else ())
        )
        for i, payload in enumerate(payloads[: draw(st.integers(1, 3))])
    )


def kinds_in(world: World) -> set[str]:
    """Return what occurs in a log, by the names of `KINDS`."""
    names: set[str] = set()
    seen: set[str] = set()
    closed: set[str] = set()
    moments: set[int] = set()
    for entry in world.entries:
        names.add(type(entry).__name__)
        if isinstance(entry, Closed):
            closed.add(entry.period)
        if not isinstance(entry, Arrived):
            continue
        payload, at = entry.event.payload, entry.event.occurred_at
        names.add(type(payload).__name__)
        if at in moments:
            names.add("tie of time")
        moments.add(at)
        if isinstance(payload, EventWithdrawn):
            names.add("withdrawal after" if payload.target in seen else "withdrawal before")
        if isinstance(payload, UnitDeclared) and seen:
            names.add("late unit")
        if closed:
            names.add("event after a close")
        seen.add(entry.event.id)
    return names


KINDS = frozenset(
    {"Arrived", "Tick", "Published", "Closed", "Act", "tie of time", "withdrawal after",
     "withdrawal before", "late unit", "event after a close"}
    | {cls.__name__ for cls in get_args(Payload)}
    - {"UnitRenamed", "UnitSplit", "IndicatorMeasured"}
)  # fmt: skip
