"""One inspection's answers."""

from __future__ import annotations

from envrules.engine.judging import Bench, Inputs, Judgement
from envrules.engine.nodes import Node


def judge_checklist(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return what holds of one inspection's answers."""
    raise NotImplementedError
