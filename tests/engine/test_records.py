"""What is known of units and exemptions at a place in the log, while the log grows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from envrules.engine.context import Records
from envrules.engine.registry import FOREVER
from envrules.model.events import (
    Event,
    EventWithdrawn,
    Exemption,
    Payload,
    UnitDeclared,
    UnitRenamed,
)

UNITS = ("a", "b", "c")
UNIT = st.sampled_from(UNITS)
PAYLOADS: st.SearchStrategy[Payload] = st.one_of(
    st.builds(UnitDeclared, UNIT, st.sampled_from(("甲", "乙")), st.just("village")),
    st.builds(UnitDeclared, UNIT, st.sampled_from(("甲", "乙")), st.just("village")),
    st.builds(UnitRenamed, UNIT, st.sampled_from(("丙", "丁"))),
    st.builds(
        Exemption, since=st.just(0), until=st.just(9), basis=st.just("雨"), approver=st.just("办")
    ),
    st.builds(EventWithdrawn, st.sampled_from([f"e{n}" for n in range(1, 9)]), st.just("错")),
)
LOG = st.lists(st.tuples(st.integers(1, 3), PAYLOADS), max_size=8)


def seen(records: Records, cut: int) -> tuple[object, ...]:
    """What the records say of every unit at a cut, and the exemptions there are."""
    registry, exemptions = records.as_of(cut)
    units = [(registry.unit(u, at), registry.title(u, at)) for u in UNITS for at in range(12)]
    return units, exemptions


@given(LOG, st.lists(st.integers(0, 30), min_size=1, max_size=4))
def test_it_grows_as_if_read_at_once(log: list[tuple[int, Payload]], cuts: list[int]) -> None:
    """However the log has grown, each cut knows what a reading of the log up to it knows."""
    grown, events, seq = Records(), list[Event](), 0
    for gap, payload in log:
        seq += gap
        event = Event(f"e{len(events) + 1}", len(events) % 4, payload, seq=seq)
        events.append(event)
        grown.add(event)
        assert seq in grown
        assert seq + 1 not in grown
        for cut in (*cuts, FOREVER, *cuts):
            known = Records(e for e in events if e.seq <= cut)
            assert seen(grown, cut) == seen(known, FOREVER)
