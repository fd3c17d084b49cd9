"""The order of units."""

from __future__ import annotations

from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.nodes import Node


def judge_sequence(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return what holds of the order of units."""
    raise NotImplementedError
