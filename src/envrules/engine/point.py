"""One point."""

from __future__ import annotations

from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.nodes import Node


def judge_point(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return what holds of one point."""
    raise NotImplementedError
