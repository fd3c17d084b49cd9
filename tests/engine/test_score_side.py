"""Scores, lists and closes where worked cases do not reach: variants of the shipped rulesets."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from envrules.engine.memory import MemoryLocality
from envrules.engine.standings import standings
from envrules.model.decisions import Content
from envrules.model.entries import Act, Arrived, Closed, Published, Tick
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    Event,
    Exemption,
    Finding,
    Inspection,
    Payload,
    ScoreSupplied,
    UnitDeclared,
    UnitRenamed,
)
from envrules.resources import rulesets_dir
from envrules.ruleset.compile import Scheme, compile_ruleset
from envrules.ruleset.load import load_ruleset
from envrules.runtime.closing import check_closable
from envrules.runtime.errors import NotNow

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> int:
    """Return an instant of 2026, in local time."""
    return int(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE).timestamp()) * 1_000_000


@cache
def shipped(scheme: str) -> str:
    """Return the text of a shipped ruleset."""
    return (rulesets_dir() / f"{scheme}.yaml").read_text(encoding="utf-8")


class Town:
    """One locality in memory that uses one scheme, with some units."""

    def __init__(self, scheme: str, *units: str, text: str = "") -> None:
        self.scheme = scheme
        loaded = load_ruleset(text or shipped(scheme), f"rulesets/{scheme}.yaml")
        self.rules: Scheme = compile_ruleset(loaded, "r1")
        self.memory = MemoryLocality("town", lambda _scheme, _revision: self.rules)
        self.memory.append(Published(scheme, "r1"))
        for unit in units:
            self.tell(f"u-{unit}", "01-01 00:00", UnitDeclared(unit, f"{unit}村", "village"))

    def tell(self, event_id: str, when: str, payload: Payload) -> None:
        """Let an event arrive."""
        self.memory.append(Arrived(Event(event_id, at(when), payload)))

    def check(self, name: str, when: str, findings: int, category: str = "三大堆") -> None:
        """Let zhao be assessed."""
        found = tuple(Finding(f"f{i:02d}", category, "main_road") for i in range(findings))
        self.tell(name, when, Inspection(name, "zhao", "monthly_check", findings=found))

    def supply(self, unit: str, points: str, item: str, organ: str) -> None:
        """Let an organ report points for July."""
        given = ScoreSupplied(unit, "monthly", item, "2026-07", Decimal(points), organ)
        self.tell(f"s-{unit}-{item}-{points}", "07-31 10:00", given)

    def close(self, period: str = "2026-07", when: str = "08-01 09:00") -> None:
        """Close a period."""
        self.memory.append(Tick(at(when)))
        self.memory.append(Closed(self.scheme, period))

    def holds(self, kind: str) -> list[Content]:
        """Return what holds of one kind of rule, by slot."""
        contents = (d.content for _, d in sorted(self.memory.effective().items()))
        return [c for c in contents if c.kind == kind]

    def publish(self, kind: str) -> None:
        """Approve and publish everything of a kind that waits for it."""
        for decision, node in list(self.memory.state.changes.decisions):
            content = decision.content
            if content.kind == kind and content.publication == "proposed":
                for action in ("approve", "publish"):
                    self.memory.append(Act(action, "chief", at("08-01 10:00"), node, content.slot,
                                           content.substance()))  # fmt: skip

    def figures(self, period: str = "2026-07") -> dict[str, Decimal | None]:
        """Return the units' figures."""
        rows = standings(self.memory.projection, self.scheme, "monthly", period)
        return {row.unit.id: row.figure for row in rows}


def town_that_takes(several: str) -> Town:
    """Return a town that makes one figure of several assessments in its own way: 20, then 15."""
    text = shipped("town_deduction").replace("several: mean", f"several: {several}")
    town = Town("town_deduction", "zhao", text=text)
    town.check("I1", "07-10 10:00", 20)
    town.check("I2", "07-20 10:00", 15)
    town.supply("zhao", "10", "transfer", "村建办")
    return town


@pytest.mark.parametrize(
    ("several", "figure", "first", "second"),
    [("mean", "82.50", "-10", "-7.5"), ("sum", "70", "-20", "-10"),
     ("latest", "85", "0", "-15"), ("worst", "80", "-20", "0")],
)  # fmt: skip
def test_what_counts_adds_up_to_the_figure(
    several: str, figure: str, first: str, second: str
) -> None:
    """However assessments combine, the counted points of the findings make up the whole loss."""
    town = town_that_takes(several)
    counted = {"I1": Decimal(0), "I2": Decimal(0)}
    for content in town.holds("deduction"):
        counted[content.events[0]] += content.counted or Decimal(0)
    assert counted == {"I1": Decimal(first), "I2": Decimal(second)}
    assert town.figures() == {"zhao": Decimal(figure)}
    assert Decimal(100) + sum(counted.values()) == Decimal(figure)


def test_the_rows_of_an_uneven_mean_add_up() -> None:
    """Rows and findings are printed to two places each and still make up the printed figure."""
    town = Town("town_deduction", "zhao")
    town.check("I1", "07-10 10:00", 2)
    town.check("I2", "07-15 10:00", 3, "白色垃圾")
    town.check("I3", "07-20 10:00", 0)
    town.supply("zhao", "9.5", "transfer", "村建办")
    ((row,),) = [standings(town.memory.projection, "town_deduction", "monthly", "2026-07")]
    assert row.account.figure.rows is not None
    assert sum(row.account.figure.rows.values()) == row.figure == Decimal("97.83")
    counted = [c.counted or Decimal(0) for c in town.holds("deduction")]
    assert sum(counted) == row.account.figure.rows["road"] - 30


def test_a_table_of_next_year_says_nothing_about_this_one() -> None:
    """Points are accepted by the table in force on the period's last day, not the file's last."""
    text = shipped("town_deduction")
    rows = text[text.index("      - {id: road") : text.index("# ── 规则结构")].rstrip()
    later = "\n".join(line for line in rows.split("\n") if "transfer" not in line)
    town = Town("town_deduction", "zhao",
                text=text.replace(rows, f"{rows}\n      2027-01-01:\n{later}"))  # fmt: skip
    town.check("I1", "07-10 10:00", 0)
    town.supply("zhao", "9", "transfer", "村建办")
    assert town.figures() == {"zhao": Decimal(99)}


def test_a_total_is_bounded_by_the_full_mark() -> None:
    """What exceeds the full mark or falls below zero is rejected, and the reason says the bounds."""
    street = Town("liuhu", "zhao")
    street.supply("zhao", "101", "total", "专班")
    street.supply("zhao", "-1", "total", "专班")
    reasons = {content.reason for content in street.holds("finding")}
    assert reasons == {"101 分超出 0 至 100 分", "-1 分超出 0 至 100 分"}
    assert street.figures() == {"zhao": None}


def test_an_exempt_unit_has_no_supplied_score_either() -> None:
    """Who is exempt all through the period is in no ranking, whatever an organ reports."""
    street = Town("liuhu", "zhao", "qian")
    halves = ((at("06-01 00:00"), at("07-15 00:00")), (at("07-15 00:00"), at("08-01 00:00")))
    for i, (since, until) in enumerate(halves):
        street.tell(f"x{i}", "06-30 09:00", Exemption(since, until, "防汛", "p1", ("zhao",)))
    for unit in ("zhao", "qian"):
        street.supply(unit, "9", "total", "专班")
    street.close()
    assert [c.unit for c in street.holds("rank")] == ["qian"]
    (exempt,) = [c for c in street.holds("score") if c.unit == "zhao"]
    assert (exempt.outcome, {"x0", "x1"} <= set(exempt.events)) == ("not_assessed", True)


def ranked_street() -> Town:
    """Return a street whose lists of July are published."""
    street = Town("liuhu", "u0", "u1", "u2")
    for i in range(3):
        street.supply(f"u{i}", str(90 - i), "total", "专班")
    street.close()
    street.publish("list")
    return street


def test_a_late_rename_leaves_a_closed_list_alone() -> None:
    """A close freezes the names as well: what is learnt later does not undo what was published."""
    street = ranked_street()
    before = [c.essence() for kind in ("score", "rank", "list") for c in street.holds(kind)]
    street.tell("r", "07-15 09:00", UnitRenamed("u0", "新村"))
    after = [c.essence() for kind in ("score", "rank", "list") for c in street.holds(kind)]
    assert before == after


def test_a_neighbour_that_drops_out_undoes_no_approval() -> None:
    """An upheld appeal takes its own unit off the list; the others' places stay published."""
    street = ranked_street()
    target = "s-u2-total-88"
    street.tell("f", "08-02 09:00", AppealFiled("A1", "u2", target))
    street.tell("d", "08-02 10:00", AppealDecided("A1", "u2", target, upheld=True))
    red = {c.unit: c.publication for c in street.holds("list") if c.outcome == "red"}
    assert red == {"u0": "published", "u1": "published"}


def test_a_successor_may_appeal_for_what_it_took_over() -> None:
    """Nobody else's appeal is heard, and a filing alone holds the figure."""
    street = Town("liuhu", "zhao", "qian")
    street.supply("zhao", "90", "total", "专班")
    street.close()
    target = "s-zhao-total-90"
    street.tell("f1", "08-02 09:00", AppealFiled("A1", "qian", target))
    assert [c.publication for c in street.holds("score") if c.unit == "zhao"] == ["published"]
    street.tell("f2", "08-02 09:00", AppealFiled("A2", "zhao", target))
    assert [c.publication for c in street.holds("score") if c.unit == "zhao"] == ["held"]


@pytest.mark.parametrize(
    ("closed", "period", "code"),
    [
        ((), "2026-09", ""),
        (("2026-07",), "2026-08", ""),
        (("2026-07",), "2026-09", "EARLIER_PERIOD_OPEN"),
        (("2026-07",), "2026", "EARLIER_PERIOD_OPEN"),
        (("2026-11", "2026-12"), "2026", ""),
        (("2026-08",), "2026-07", "LATER_PERIOD_CLOSED"),
        (("2026",), "2026-07", "LATER_PERIOD_CLOSED"),
    ],
)
def test_closes_leave_no_gap(closed: tuple[str, ...], period: str, code: str) -> None:
    """After the first close each period follows the one before, and a year all its months."""
    town = Town("town_deduction", "zhao")
    town.memory.append(Tick(at("12-31 23:00") + 86_400_000_000))
    for done in closed:
        town.memory.append(Closed("town_deduction", done))
    state = town.memory.state.locality
    if not code:
        check_closable(state, town.rules, period, state.tick)
        return
    with pytest.raises(NotNow) as refused:
        check_closable(state, town.rules, period, state.tick)
    assert refused.value.reason == code
