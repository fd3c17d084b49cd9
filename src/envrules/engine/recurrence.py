"""One place where issues may come again."""

from __future__ import annotations

from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.nodes import Node


def judge_recurrence(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return what holds of one place where issues may come again."""
    raise NotImplementedError
