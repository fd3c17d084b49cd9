"""Judge one node: the engine's single entry point. Pure: same bench, node and inputs, same answer."""

from __future__ import annotations

from collections.abc import Callable

from envrules.engine.consequence import judge_consequences
from envrules.engine.context import live
from envrules.engine.duty import judge_duty
from envrules.engine.issue import judge_issue
from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.lists import judge_lists
from envrules.engine.nodes import Node
from envrules.engine.publication import publish
from envrules.engine.score import judge_score
from envrules.engine.slip import judge_slip
from envrules.engine.unread import judge_unread
from envrules.model.events import AppealDecided, AppealFiled

_JUDGES: dict[str, Callable[[Bench, Node, Inputs], Judgement]] = {
    "event": judge_unread,
    "issue": judge_issue,
    "slip": judge_slip,
    "duty": judge_duty,
    "score": judge_score,
    "list": judge_lists,
    "consequence": judge_consequences,
}


def judge(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return what holds of a node, in the state of publication that acts have brought it to."""
    judged = _JUDGES[node.kind](bench, node, inputs)
    appeals = any(isinstance(e.payload, AppealFiled | AppealDecided) for e in inputs.events)
    if inputs.acts or appeals:
        events = live(inputs.events)
        judged.contents = {
            slot: publish(content, inputs.acts, events) for slot, content in judged.contents.items()
        }
    return judged
