"""One unit's indicator in one period."""

from __future__ import annotations

from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.nodes import Node


def judge_indicator(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return what holds of one unit's indicator in one period."""
    raise NotImplementedError
