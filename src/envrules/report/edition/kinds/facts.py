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


def _rule(say: Say, name: str) -> str:
    title = next(rule.title for rule in say.spec.rules if rule.id == name)
    return f"已按“{title}”处理"


_WORDS: Mapping[str, tuple[str, Callable[[Say, str], str]]] = {
    "band": ("评定为任何一个等级", _band),
    "list": ("上任何一榜", lambda say, name: f"上“{say.spec.lists[name].title}”"),
    "slip": ("收到任何一级督办单", _slip),
    "overdue": ("任何一项期限逾期", lambda say, name: f"“{say.spec.deadlines[name].title}”逾期"),
    "late": ("任何一项应交材料逾期", lambda _, name: f"“{name}”逾期未交"),
    "missed": ("任何一项职责未履行", lambda say, name: f"“{say.spec.duties[name].title}”未履行"),
    "recheck_failed": ("核查不通过", lambda _, name: f"“{name}”核查不通过"),
    "found": ("发现问题", lambda say, name: f"由{say.names('inspections', [name])}发现问题"),
    "rule": ("已按任何一条规则处理", _rule),
}
"""Kind of fact → words for any of the kind, and for one by name."""
