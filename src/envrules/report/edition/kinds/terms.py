"""The words of the scheme: unit types, inspections, places, categories, consequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from envrules.kinds.consequences import SELF_PUBLISHING, ConsequenceSpec
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, Span, phrase
from envrules.report.edition.say import Say, Section

_ACTIONS = {
    "remind": "提醒", "rectification_notice": "通知整改", "supervise": "督导", "warn": "警告",
    "interview": "约谈", "warning_education": "警示教育", "criticise_publicly": "公开批评",
    "expose": "曝光", "self_criticism": "检讨", "televised_inquiry": "电视问政",
    "organisational_measure": "组织处理", "hold_accountable": "问责", "commend": "表扬",
    "reward": "奖励", "plaque": "立牌", "pay_adjustment": "增减工资", "pledge": "承诺",
    "stop_work": "提请责令停工", "demolish": "提请拆除取缔", "release_funds": "拨付资金",
    "stop_funds": "停拨资金", "recover_funds": "追缴资金", "veto": "一票否决", "register": "登记",
    "investigate": "查明",
}  # fmt: skip


def tell_terms(section: Section, kind: str) -> Callable[[Say], Iterator[Entry]]:
    """Return the teller of a section of plain words; what they mean is their title."""

    def tell(say: Say) -> Iterator[Entry]:
        for word, term in getattr(say.spec, section).items():
            yield say.entry(kind, (section, word), term)

    return tell


def tell_categories(say: Say) -> Iterator[Entry]:
    """Tell the categories, and the filing conditions of those that have some."""
    for word, term in say.spec.categories.items():
        said = "；".join(f"{code}．{text}" for code, text in term.conditions.items())
        told = (phrase("立案条件：{}", said),) if said else ()
        yield say.entry("问题类别", ("categories", word), term, *told)


def tell_consequences(say: Say) -> Iterator[Entry]:
    """Tell each consequence: the scheme's word, the kind of action, and whether it is approved."""
    for word, spec in say.spec.consequences.items():
        told = phrase("{}；{}", _ACTIONS[spec.action], _approval(spec))
        yield say.entry("措施", ("consequences", word), spec, told, title=word)


def _approval(spec: ConsequenceSpec) -> Phrase:
    if spec.approve is not None:
        return (Span("须经批准" if spec.approve else "不须批准"),)
    needed = spec.action not in SELF_PUBLISHING
    return (Span("须经批准" if needed else "不须批准", "general"),)
