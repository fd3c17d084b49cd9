"""What fires for one issue's facts is what would fire had no other been asked about before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.engine.issue_town import compiled

from envrules.engine.chaining import Chainer, Fired
from envrules.kinds.consequences import Alternative, Fact, Rule
from envrules.model.values import Citation

_PAIRS: Any = [
    ("found", "patrol"), ("category", "垃圾"), ("overdue", "closing"), ("recheck_failed", "any"),
    ("rule", "late"),
]  # fmt: skip
_WAYS: dict[str, Any] = {
    "late": [([_PAIRS[2]], [])],
    "late_again": [([("rule", "late"), _PAIRS[3]], [])],
    "any_finding": [([("found", "")], []), ([_PAIRS[1]], [_PAIRS[2]])],
    "quiet": [([_PAIRS[0]], [("rule", "late")])],
    "all": [([_PAIRS[0], _PAIRS[1], _PAIRS[2]], [])],
}
SCHEME = replace(
    compiled(),
    rules=tuple(
        Rule(
            name, Citation(f"rules.{name}", name, ""),
            tuple(Alternative(tuple(present), tuple(absent)) for present, absent in ways), (), False,
        )
        for name, ways in _WAYS.items()
    ),
)  # fmt: skip
USED = Chainer()


def derive(fired: Fired) -> Iterable[Fact]:
    """What a rule leads to: that it fired."""
    at = max(fact.at for fact in fired.facts)
    yield Fact("rule", fired.rule.id, "zhao", "2026-07", at, fired.anchor)


def facts() -> st.SearchStrategy[list[Fact]]:
    """Facts of a unit's month: of issues whose names sort either way, and of the whole period."""
    one = st.builds(
        lambda pair, at, anchor: Fact(
            pair[0], pair[1], "zhao", "2026-07", at, anchor, (f"e{at}",)
        ),
        st.sampled_from(_PAIRS[:4]), st.integers(1, 9), st.sampled_from(["", "A", "~"]),
    )  # fmt: skip
    return st.lists(one, max_size=8)


@given(facts())
def test_what_was_asked_before_changes_nothing(told: list[Fact]) -> None:
    """A chainer that has answered for others fires the same rules, by the same facts, as a new one."""
    assert USED.chain(SCHEME, told, derive) == Chainer().chain(SCHEME, told, derive)


@given(facts())
def test_names_of_issues_do_not_matter(told: list[Fact]) -> None:
    """Whatever an issue is called, the same rules fire by the same facts."""
    names = {"": "", "A": "案件甲", "~": "0"}
    renamed = [
        Fact(f.kind, f.name, f.unit, f.period, f.at, names[f.anchor], f.events) for f in told
    ]

    def brief(fired: Iterable[Fired]) -> set[tuple[str, str, tuple[str, ...]]]:
        events = [tuple(e for f in one.facts for e in f.events) for one in fired]
        return {
            (one.rule.id, names.get(one.anchor, one.anchor), seen)
            for one, seen in zip(fired, events, strict=True)
        }

    assert brief(USED.chain(SCHEME, told, derive)) == brief(USED.chain(SCHEME, renamed, derive))
