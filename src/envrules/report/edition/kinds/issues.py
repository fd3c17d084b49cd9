"""How issues live: who answers for one, which steps follow which, what a record must hold."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.lifecycle import WORDS, ConditionSpec
from envrules.report.edition.kinds.clocks import STOPS
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, joined, phrase
from envrules.report.edition.say import Say

_CHARGE = {"place": "所在地的单位", "handler": "处置单位", "supervisor": "主管部门"}


def tell_issues(say: Say) -> Iterator[Entry]:
    """Tell the charge, the order of steps, and the required fields."""
    issues = say.spec.issues
    charge = phrase("发现的问题由{}负责。", say.chosen(issues, "charge", _CHARGE))
    yield say.entry("办理", ("issues",), issues, charge, _shares(say), title="责任单位")
    if issues.order is not None:
        steps = "→".join(WORDS[step] for step in issues.order.steps)
        told = f"依次经{steps}，前一步未办的，不得办后一步。"
        yield say.entry("办理", ("issues", "order"), issues.order, told, title="办理步骤")
    for step, required in issues.required.items():
        told = f"{WORDS[step]}时须填{'、'.join(required.fields)}；缺项的，记录不完整，不得销号。"
        title = f"{WORDS[step]}须填"
        yield say.entry("办理", ("issues", "required", step), required, told, title=title)
    for i, condition in enumerate(issues.conditions):
        yield say.entry(
            "办理", ("issues", "conditions", i), condition, _condition(say, condition),
            id=f"issues.conditions.{condition.id}",
        )  # fmt: skip


def _shares(say: Say) -> Phrase:
    shares = say.spec.issues.shares
    parts = (phrase("{}担{}", _CHARGE[role], say.value(share)) for role, share in shares.items())
    return phrase("扣分由{}。", joined(parts)) if shares else ()


def _condition(say: Say, condition: ConditionSpec) -> Phrase:
    asked = [say.ledger(condition.fields)] if condition.fields else []
    asked += ["写明期限"] if condition.until else []
    return phrase(
        "{}，{}时须{}，否则退回，{}不生效。",
        say.where(condition.where), WORDS[condition.at], "，并".join(asked), WORDS[condition.at],
    )  # fmt: skip


def tell_appeals(say: Say) -> Iterator[Entry]:
    """Tell until when a decision may be disputed."""
    appeals = say.spec.appeals
    if appeals is not None:
        told = phrase(
            "有异议的，须在所异议的事项发生后{}申诉，逾期不予受理。", say.within(appeals.within)
        )
        yield say.entry("申诉", ("appeals",), appeals, told)


def tell_points(say: Say) -> Iterator[Entry]:
    """Tell when a point is struck off."""
    points = say.spec.points
    if points is not None:
        stops = say.chosen(points, "stops", STOPS)
        told = phrase(
            "同一点位的问题一并管理：全部{}后，该点位才销号；又有新问题的，重新挂起。", stops
        )
        yield say.entry("点位", ("points",), points, told)
