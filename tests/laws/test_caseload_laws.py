"""What a period counts of issues, over random logs: leaving out those long over changes nothing."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from tests.laws.test_laws import LAW
from tests.laws.worlds import DAY, EPOCH, UNITS, run

from envrules.engine.caseload import Case, caseload
from envrules.engine.memory import MemoryLocality
from envrules.engine.state import State
from envrules.model.entries import Arrived, Closed, Entry, Published, Tick
from envrules.model.events import (
    Event,
    EventWithdrawn,
    Exemption,
    IssueFound,
    IssueMoved,
    Payload,
    UnitDeclared,
)

SCHEME = "town_deduction"
MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10")
PERIODS = (*MONTHS, "2026Q3", "2026W28")
BEFORE: list[Entry] = [
    Published(SCHEME, "r1"),
    *(Arrived(Event(f"u{u}", EPOCH, UnitDeclared(u, f"{u}村", "village"))) for u in UNITS),
]

_DAYS = st.sampled_from((0, 5, 10, 28, 30, 31, 33, 40, 60, 62, 64, 80, 93))
_ISSUES = st.sampled_from(("A", "B", "C"))
_until = st.one_of(st.none(), _DAYS.map(lambda day: EPOCH + day * DAY))
_payloads: st.SearchStrategy[Payload] = st.one_of(
    st.builds(
        IssueFound, issue=_ISSUES, category=st.just("三大堆"), place=st.just("village"),
        place_unit=st.sampled_from(UNITS[:2]), source=st.just("patrol"),
    ),
    st.builds(
        IssueMoved, issue=_ISSUES, until=_until, approver=st.just("p1"), basis=st.just("文件"),
        move=st.sampled_from((
            "accepted", "filed", "handled", "check_passed", "check_failed", "closed", "closed",
            "voided", "suspended", "resumed", "deferred", "extended",
        )),
    ),
    st.builds(EventWithdrawn, st.integers(0, 24).map(lambda n: f"e{n}")),
    st.builds(
        Exemption, st.just(EPOCH), st.just(EPOCH + 40 * DAY), st.just("文件"), st.just("p1"),
        issues=_ISSUES.map(lambda issue: (issue,)),
    ),
)  # fmt: skip


@st.composite
def logs(draw: st.DrawFn) -> list[Entry]:
    """Draw a log of issues in which time goes on, months are closed, and much arrives late."""
    entries, now, closed = list(BEFORE), 0, 0
    for number in range(draw(st.integers(5, 25))):
        match draw(st.sampled_from(("event", "event", "event", "tick", "close"))):
            case "event":
                at = EPOCH + draw(_DAYS) * DAY
                entries.append(Arrived(Event(f"e{number}", at, draw(_payloads))))
            case "tick":
                now = max(now, draw(_DAYS))
                entries.append(Tick(EPOCH + now * DAY))
            case "close" if now >= 31 * (closed + 1):
                entries.append(Closed(SCHEME, MONTHS[closed]))
                closed += 1
    return entries


def counted(
    locality: MemoryLocality, as_of: int | None
) -> dict[tuple[str, int | None], list[Case]]:
    """Return what every period counts, by every state of knowledge."""
    places = (None, *range(len(BEFORE), len(locality.log.rows) + 1))
    return {
        (period, place): caseload(locality.projection, SCHEME, period, as_of=as_of, known_at=place)
        for period in PERIODS for place in places
    }  # fmt: skip


@LAW
@given(logs(), _until)
def test_issues_long_over_are_left_out_unseen(log: list[Entry], as_of: int | None) -> None:
    """At every reading, the issues that are looked at give what all of them would."""
    locality = run(log)
    few = counted(locality, as_of)
    with patch.object(
        State, "keys_not_over", lambda self, prefix, *_: self.keys_with_prefix(prefix)
    ):
        assert counted(locality, as_of) == few
