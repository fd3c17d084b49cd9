"""How issues live: who answers for one, which steps follow which, what a record must hold."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.lifecycle import WORDS
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import phrase
from envrules.report.edition.say import Say

_CHARGE = {"place": "所在地的单位", "handler": "处置单位"}


def tell_issues(say: Say) -> Iterator[Entry]:
    """Tell the charge, the order of steps, and the required fields."""
    issues = say.spec.issues
    charge = phrase("发现的问题由{}负责。", say.chosen(issues, "charge", _CHARGE))
    yield say.entry("办理", ("issues",), issues, charge, title="责任单位")
    if issues.order is not None:
        steps = "→".join(WORDS[step] for step in issues.order.steps)
        told = f"依次经{steps}，前一步未办的，不得办后一步。"
        yield say.entry("办理", ("issues", "order"), issues.order, told, title="办理步骤")
    for step, required in issues.required.items():
        told = f"{WORDS[step]}时须填{'、'.join(required.fields)}；缺项的，记录不完整，不得销号。"
        title = f"{WORDS[step]}须填"
        yield say.entry("办理", ("issues", "required", step), required, told, title=title)
