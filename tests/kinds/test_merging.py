"""Tallies of parts add up to the tally of the whole."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from envrules.kinds.scores import Tally, merge
from envrules.kinds.tables import Table

TABLE = Table(())
VISIT = st.sampled_from(("I1", "I2", "I3"))
FINDINGS = st.tuples(st.just("found"), VISIT, st.sampled_from(("road", "field")),
                     st.sampled_from((Fraction(1), Fraction(1, 3), Fraction(2))))  # fmt: skip
VISITS = st.tuples(st.just("visit"), VISIT, st.integers(0, 5), st.none())
AWARDS = st.tuples(st.just("award"), st.sampled_from(("moved", "total")), st.integers(0, 5),
                   st.integers(0, 9).map(Decimal))  # fmt: skip
LOGS = st.lists(st.one_of(FINDINGS, VISITS, AWARDS), max_size=12)


def tally(log: list[tuple[int, Any]]) -> Tally:
    """The tally of some numbered facts, taken one by one."""
    made = Tally({}, {}, {})
    for number, (kind, name, what, worth) in log:
        one = Tally({}, {}, {})
        if kind == "found":
            one = Tally({(name, what): worth}, {}, {})
        elif kind == "visit":
            one = Tally({}, {name: (what, TABLE)}, {})
        else:
            one = Tally({}, {}, {name: ((what, 0, 0, str(number)), worth)})
        made = merge(made, one)
    return made


@given(LOGS, st.data())
def test_the_whole_is_its_parts(log: list[Any], data: st.DataObject) -> None:
    """Split and ordered in any way, what was counted, seen first and awarded last is the same."""
    numbered = list(enumerate(log))
    sides = data.draw(st.lists(st.booleans(), min_size=len(log), max_size=len(log)))
    parts = [[one for one, side in zip(numbered, sides, strict=True) if side is which]
             for which in (True, False)]  # fmt: skip
    shuffled = data.draw(st.permutations(numbered))
    whole = tally(numbered)
    for made in (merge(*map(tally, parts)), merge(*map(tally, reversed(parts))), tally(shuffled)):
        assert made == whole
