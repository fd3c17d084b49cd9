"""Hypothesis strategies for the model: good events of every kind, and decisions.

`events()` draws from all payloads with arbitrary ids. For events that concern each other, pass
small pools: `events(units=st.sampled_from(["zhao", "qian"]), issues=..., instants=...)`.
`payloads(...)` gives the strategies by kind, so that a test can pick some of them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from envrules.model.base import Instant
from envrules.model.decisions import (
    Change,
    Consequence,
    Content,
    Decision,
    Publication,
    Slot,
    Step,
)
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    ApprovalGiven,
    Event,
    EventWithdrawn,
    Exemption,
    Finding,
    HostLimit,
    IndicatorMeasured,
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
    UnitRenamed,
    UnitSplit,
)

DAY: Instant = 86_400_000_000
YEAR_1900: Instant = -2_208_988_800_000_000
YEAR_2000: Instant = 946_684_800_000_000
YEAR_2200: Instant = 7_258_118_400_000_000


def names(max_size: int = 12) -> SearchStrategy[str]:
    """Ids, codes and titles: one line, nothing invisible, no white space around."""
    visible = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"))
    return st.text(visible, min_size=1, max_size=max_size).map(str.strip).filter(bool)


def texts() -> SearchStrategy[str]:
    """Texts of several lines."""
    return st.text(st.one_of(st.characters(exclude_categories=("Cc", "Cs")), st.just("\n")))


def event_ids() -> SearchStrategy[str]:
    """Ids of events and of findings: names without the sign that joins the two."""
    return names().map(lambda name: name.replace("#", "-"))


def numbers() -> SearchStrategy[Decimal]:
    """Decimals in the one form in which they come off the wire."""
    parts = st.tuples(
        st.sampled_from(["", "-"]), st.integers(0, 10**12 - 1), st.integers(0, 10**12 - 1)
    )
    texts = st.one_of(
        st.integers(-(10**12) + 1, 10**12 - 1).map(str),
        parts.map(lambda p: f"{p[0]}{p[1]}.{p[2]:012}".rstrip("0").rstrip(".")),
    )
    return texts.map(lambda text: Decimal(text) or Decimal(0))


def degrees(limit: int) -> SearchStrategy[Decimal]:
    """Coordinates with up to nine places."""
    steps = st.integers(-limit * 10**9, limit * 10**9)
    return steps.map(lambda n: Decimal(format((Decimal(n) / 10**9).normalize(), "f")))


def any_instants(first: Instant = YEAR_1900) -> SearchStrategy[Instant]:
    """All instants that the wire admits from `first` on."""
    return st.integers(first, YEAR_2200 - 1)


def tuples(items: SearchStrategy[str]) -> SearchStrategy[tuple[str, ...]]:
    """A few items, repetitions among them."""
    return st.lists(items, max_size=3).map(tuple)


def tables(values: SearchStrategy[str]) -> SearchStrategy[dict[str, str]]:
    """A few entries in the order of their keys."""
    return st.dictionaries(names(), values, max_size=3).map(lambda d: dict(sorted(d.items())))


def spans() -> SearchStrategy[tuple[Instant, Instant]]:
    """Two instants, the second after the first."""
    return st.tuples(any_instants(), st.integers(1, 400 * DAY)).map(
        lambda span: (
            (span[0], min(span[0] + span[1], YEAR_2200 - 1))
            if span[0] < YEAR_2200 - 1
            else (span[0] - 1, span[0])
        )
    )


def coordinates() -> SearchStrategy[tuple[Decimal | None, Decimal | None]]:
    """A place, or none."""
    return st.one_of(st.just((None, None)), st.tuples(degrees(180), degrees(90)))


def slots() -> SearchStrategy[Slot]:
    """Slots of decisions."""
    return st.builds(Slot, scheme=names(), rule=names(), subject=names(), anchor=names())


@st.composite
def issues_found(
    draw: st.DrawFn, unit: SearchStrategy[str], issue: SearchStrategy[str]
) -> IssueFound:
    """Findings with any of their fields."""
    word = st.one_of(st.just(""), names())
    longitude, latitude = draw(coordinates())
    limit = st.builds(HostLimit, amount=numbers().map(abs), unit=names())
    return IssueFound(
        issue=draw(issue),
        category=draw(word),
        place=draw(word),
        object_class=draw(st.sampled_from(["", "component", "event"])),
        large_class=draw(word),
        small_class=draw(word),
        condition=draw(word),
        source=draw(word),
        source_level=draw(word),
        inspection=draw(word),
        reporter_unit=draw(st.one_of(st.just(""), unit)),
        place_unit=draw(st.one_of(st.just(""), unit)),
        handling_unit=draw(st.one_of(st.just(""), unit)),
        assisting_units=draw(tuples(unit)),
        department=draw(word),
        point=draw(word),
        longitude=longitude,
        latitude=latitude,
        grid=draw(word),
        area_class=draw(word),
        host_deadline=draw(st.none() | any_instants()),
        host_limit=draw(st.none() | limit),
        recorded_at=draw(st.none() | any_instants()),
        duplicate_of=draw(st.one_of(st.just(""), issue)),
        photos=draw(tuples(names(40))),
        tags=draw(tuples(names())),
        ledger=draw(tables(texts())),
    )


@st.composite
def findings(draw: st.DrawFn, issue: SearchStrategy[str], ids: SearchStrategy[str]) -> Finding:
    """Findings of an inspection."""
    word = st.one_of(st.just(""), names())
    longitude, latitude = draw(coordinates())
    return Finding(
        id=draw(ids),
        category=draw(word),
        place=draw(word),
        issue=draw(st.one_of(st.just(""), issue)),
        point=draw(word),
        longitude=longitude,
        latitude=latitude,
        photos=draw(tuples(names(40))),
        duplicate_of=draw(word),
    )


@st.composite
def indicators(draw: st.DrawFn, unit: SearchStrategy[str]) -> IndicatorMeasured:
    """Figures given directly, as a ratio, or both."""
    form = draw(st.sampled_from(["value", "ratio", "both"]))
    return IndicatorMeasured(
        unit=draw(unit),
        indicator=draw(names()),
        period=draw(names()),
        value=draw(numbers()) if form != "ratio" else None,
        numerator=draw(numbers()) if form != "value" else None,
        denominator=draw(numbers()) if form != "value" else None,
        organ=draw(st.one_of(st.just(""), names())),
    )


def payloads(
    units: SearchStrategy[str] | None = None,
    issues: SearchStrategy[str] | None = None,
    targets: SearchStrategy[str] | None = None,
) -> dict[str, SearchStrategy[Payload]]:
    """Strategy of each payload by kind; `targets` are the ids of events that others name."""
    unit = names() if units is None else units
    issue = names() if issues is None else issues
    target = event_ids() if targets is None else targets
    word = st.one_of(st.just(""), names())
    text = st.one_of(st.just(""), texts())
    basis = texts().filter(bool)
    instant = st.none() | any_instants()
    disputed = st.one_of(
        target, st.tuples(target, event_ids()).map("#".join), slots().map(Slot.key)
    )
    several = st.lists(unit, min_size=2, max_size=4, unique=True)
    return {
        "issue_found": issues_found(unit, issue),
        "issue_moved": st.builds(
            IssueMoved,
            issue=issue,
            move=st.sampled_from(get_args(Move)),
            by_unit=st.one_of(st.just(""), unit),
            to_unit=st.one_of(st.just(""), unit),
            approver=word,
            basis=text,
            until=instant,
            duplicate_of=st.one_of(st.just(""), issue),
            slip=word,
            ledger=tables(texts()),
        ),
        "inspection": st.builds(
            Inspection,
            inspection=names(),
            unit=unit,
            kind=names(),
            announced=st.booleans(),
            organ=word,
            points_visited=tuples(names()),
            findings=st.lists(
                findings(issue, event_ids()), max_size=3, unique_by=lambda one: one.id
            ).map(tuple),
            checklist=st.dictionaries(names(), st.booleans(), max_size=3).map(
                lambda d: dict(sorted(d.items()))
            ),
        ),
        "unit_declared": spans().flatmap(
            lambda span: st.builds(
                UnitDeclared,
                unit=unit,
                title=names(),
                type=names(),
                parent=st.one_of(st.just(""), unit),
                since=st.sampled_from([None, span[0]]),
                until=st.sampled_from([None, span[1]]),
                attributes=tables(texts()),
            )
        ),
        "unit_renamed": st.builds(UnitRenamed, unit=unit, title=names()),
        "unit_merged": several.map(lambda u: UnitMerged(units=tuple(u[1:]), into=u[0])),
        "unit_split": several.map(lambda u: UnitSplit(unit=u[0], into=tuple(u[1:]))),
        "indicator_measured": indicators(unit),
        "score_supplied": st.builds(
            ScoreSupplied,
            unit=unit,
            score=names(),
            item=names(),
            period=names(),
            points=numbers(),
            organ=word,
            basis=text,
        ),
        "report_filed": st.builds(
            ReportFiled,
            unit=unit,
            duty=names(),
            period=word,
            about=word,
            signed_by=word,
            fields=tables(texts()),
        ),
        "slip_served": st.builds(
            SlipServed,
            unit=unit,
            slip=names(),
            issues=st.lists(issue, min_size=1, max_size=3).map(tuple),
            receipt=word,
        ),
        "exemption": spans().flatmap(
            lambda span: st.builds(
                Exemption,
                since=st.just(span[0]),
                until=st.just(span[1]),
                basis=basis,
                approver=names(),
                units=tuples(unit),
                categories=tuples(names()),
                issues=tuples(issue),
            )
        ),
        "appeal_filed": st.builds(AppealFiled, appeal=names(), unit=unit, target=disputed),
        "appeal_decided": st.builds(
            AppealDecided,
            appeal=names(),
            unit=unit,
            target=disputed,
            upheld=st.booleans(),
            organ=word,
            basis=text,
        ),
        "approval_given": st.builds(
            ApprovalGiven,
            target=target,
            organ=names(),
            unit=st.one_of(st.just(""), unit),
            revoked=st.booleans(),
        ),
        "event_withdrawn": st.builds(EventWithdrawn, target=target, reason=text),
    }


def events(
    payload: SearchStrategy[Payload] | None = None,
    *,
    ids: SearchStrategy[str] | None = None,
    units: SearchStrategy[str] | None = None,
    issues: SearchStrategy[str] | None = None,
    instants: SearchStrategy[Instant] | None = None,
) -> SearchStrategy[Event]:
    """Good events as a host might send them, of all kinds unless `payload` says otherwise.

    Args:
        payload: strategy of the payload, for example `payloads()["issue_moved"]`.
        ids: event ids, also those that withdrawals, approvals and appeals name.
        units, issues: pools to draw from; arbitrary names by default.
        instants: when they occurred; anywhere from 2000 to 2199 by default.
    """
    kinds = payloads(units, issues, ids)
    return st.builds(
        Event,
        id=event_ids() if ids is None else ids,
        occurred_at=any_instants(YEAR_2000) if instants is None else instants,
        payload=st.one_of(*kinds.values()) if payload is None else payload,
        flow=st.integers(0, 2**63 - 1) | st.just(0),
        source=st.one_of(st.just(""), names()),
    )


def decisions() -> SearchStrategy[Decision]:
    """Decisions with any of their fields."""
    step = st.builds(Step, *[texts()] * 8)
    consequence = st.builds(Consequence, names(), texts(), texts(), st.none() | any_instants())
    points = st.none() | numbers()
    content = st.builds(
        Content,
        slot=slots(),
        kind=names(),
        outcome=names(),
        title=texts(),
        reason=texts(),
        at=any_instants(),
        unit=st.one_of(st.just(""), names()),
        period=st.one_of(st.just(""), names()),
        points=points,
        counted=points,
        rank=st.none() | st.integers(0, 10**6),
        due=st.none() | any_instants(),
        issues=tuples(names()),
        events=tuples(event_ids()),
        consequences=st.lists(consequence, max_size=2).map(tuple),
        steps=st.lists(step, max_size=2).map(tuple),
        warnings=tuples(texts()),
        publication=st.sampled_from(get_args(Publication)),
        revision=names(),
    )
    return st.builds(
        Decision,
        id=names(),
        locality=names(),
        decision_seq=st.integers(1, 2**62),
        log_seq=st.integers(1, 2**62),
        version=st.integers(1, 2**31 - 1),
        change=st.sampled_from(get_args(Change)),
        content=content,
        supersedes=st.one_of(st.just(""), names()),
    )
