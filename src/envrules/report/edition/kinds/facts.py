"""Facts in words: what rules and lists build on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from envrules.report.edition.say import Say

ANY = "any"


def fact(say: Say, kind: str, name: str) -> str:
    """Return a fact as the condition of a sentence: 收到“红单”, “整改期限”逾期."""
    of_any, of_one = _WORDS[kind]
    return of_any if name == ANY else of_one(say, name)


def ranked_fact(say: Say, name: str) -> str:
    """Return a fact that bars a unit from a list, named without its kind: a slip or a band."""
    return fact(say, "slip" if _is_slip(say, name) else "band", name)


def _is_slip(say: Say, name: str) -> bool:
    ladder, _, rung = name.partition(".")
    rungs = say.spec.ladders[ladder].rungs if ladder in say.spec.ladders else ()
    return any(item.id == rung for item in rungs)


def _band(say: Say, name: str) -> str:
    score, _, band = name.partition(".")
    title = next(item.title for item in say.spec.bands[score] if item.id == band)
    return f"“{say.spec.scores[score].title}”为“{title}”"


def _slip(say: Say, name: str) -> str:
    ladder, _, rung = name.partition(".")
    title = next(item.title for item in say.spec.ladders[ladder].rungs if item.id == rung)
    return f"收到“{title}”"


def _late(say: Say, name: str) -> str:
    return f"“{say.spec.duties[name].title if name in say.spec.duties else name}”逾期"


def _category(say: Say, name: str) -> str:
    return f"发现“{say.names('categories', [name])}”问题"


def _refused(say: Say, name: str) -> str:
    title = next(item.title for item in say.spec.issues.conditions if item.id == name)
    return f"因不符合“{title}”被退回"


def _checklist(say: Say, name: str) -> str:
    checklist, _, outcome = name.rpartition(".")
    words = {"passed": "通过", "failed": "未通过", "incomplete": "未填全"}
    return f"“{say.spec.checklists[checklist].title}”核对{words[outcome]}"


def _indicator(say: Say, name: str) -> str:
    indicator, _, outcome = name.rpartition(".")
    words = {"met": "达标", "missed": "未达标", "not_measured": "未报数"}
    return f"指标“{say.spec.indicators[indicator].title}”{words[outcome]}"


def _gate(say: Say, name: str) -> str:
    gate, _, step = name.partition(".")
    title = next(item.title for item in say.spec.gates[gate].steps if item.id == step)
    return f"“{say.spec.gates[gate].title}”的“{title}”已拨付"


def _rule(say: Say, name: str) -> str:
    title = next(rule.title for rule in say.spec.rules if rule.id == name)
    return f"已按“{title}”处理"


_WORDS: Mapping[str, tuple[str, Callable[[Say, str], str]]] = {
    "band": ("评定为任何一个等级", _band),
    "list": ("上任何一榜", lambda say, name: f"上“{say.spec.lists[name].title}”"),
    "slip": ("收到任何一级督办单", _slip),
    "overdue": ("任何一项期限逾期", lambda say, name: f"“{say.spec.deadlines[name].title}”逾期"),
    "late": ("任何一项应交材料或职责逾期", _late),
    "missed": ("任何一项职责未履行", lambda say, name: f"“{say.spec.duties[name].title}”未履行"),
    "recheck_failed": ("核查不通过", lambda _, name: f"“{name}”核查不通过"),
    "met": ("任何一项职责按期履行", lambda say, name: f"“{say.spec.duties[name].title}”按期履行"),
    "not_accepted": (
        "任何一份报告不予认可", lambda say, name: f"“{say.spec.duties[name].title}”的报告不予认可",
    ),
    "category": ("发现任何一类问题", _category),
    "classified": ("发现归入任何一类的问题", lambda say, name: f"发现归入“{say.class_title(name)}”的问题"),
    "refused": ("因不符合任何一项条件被退回", _refused),
    "recurred": ("发生任何一种反复", lambda say, name: f"发生“{say.spec.recurrences[name].title}”"),
    "checklist": ("完成任何一项核对", _checklist),
    "indicator": ("任何一项指标有结果", _indicator),
    "gate": ("任何一步资金已拨付", _gate),
    "found": ("发现问题", lambda say, name: f"由{say.names('inspections', [name])}发现问题"),
    "rule": ("已按任何一条规则处理", _rule),
}  # fmt: skip
"""Kind of fact → words for any of the kind, and for one by name."""
