"""One unit's way through a gate."""

from __future__ import annotations

from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.nodes import Node


def judge_gate(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return what holds of one unit's way through a gate."""
    raise NotImplementedError
