"""Nodes: the units of recomputation. Every event concerns a few nodes, known from it alone.

A node holds the events of one key of one rule kind and is judged from them afresh. Nodes feed
facts to nodes of higher stages only, so one pass in order of stage settles everything:

    issue ─┬─ slip (unit, rung, day) ─┬──────────────── consequence (unit, period, issue)
           ├─ point                   │               ▲──▲
           ├─ recurrence (same place) ─┤               │
    checklist, duty, gate ────────────┤               │
           score ◂──▸ indicator (period, unit) ── list (score, period)

Scores and indicators may be made of one another; their `rank` says which comes first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from envrules import calendar as cal
from envrules.kinds.indicators import Indicator
from envrules.kinds.scores import Score
from envrules.model.base import Frozen
from envrules.ruleset.compile import Scheme

NodeKind = Literal[
    "event", "issue", "recurrence", "point", "slip", "duty", "checklist", "gate", "sequence",
    "indicator", "score", "list", "consequence",
]  # fmt: skip
STAGE: dict[str, int] = {kind: i for i, kind in enumerate(get_args(NodeKind))}
STAGE["indicator"] = STAGE["score"]
UNFED = frozenset({"event", "issue", "duty", "checklist", "gate", "sequence"})
"""Kinds of nodes that read events and acts alone."""


class Node(Frozen, frozen=True, order=True):
    """Name of a node. `parts`: see the factory functions."""

    scheme: str
    kind: NodeKind
    parts: tuple[str, ...]

    def key(self) -> str:
        """Return the node as text; ids hold no newline, so it is unique and parses back."""
        return "\n".join((self.scheme, self.kind, *self.parts))


def parse_node(key: str) -> Node:
    """Return the node of a key made by `Node.key`."""
    scheme, kind, *parts = key.split("\n")
    return Node(scheme, kind, tuple(parts))  # type: ignore[arg-type]


def event_node(event: str) -> Node:
    """Return the node of an event that no scheme reads, or that waits for what it is about."""
    return Node("", "event", (event,))


def issue_node(scheme: str, issue: str) -> Node:
    """Return the node of one issue."""
    return Node(scheme, "issue", (issue,))


def slip_node(scheme: str, ladder: str, rung: str, unit: str, day: str) -> Node:
    """Return the node of one merged slip."""
    return Node(scheme, "slip", (ladder, rung, unit, day))


def recurrence_node(scheme: str, recurrence: str, key: tuple[str, ...]) -> Node:
    """Return the node of all issues that are the same to a recurrence."""
    return Node(scheme, "recurrence", (recurrence, *key))


def point_node(scheme: str, point: str) -> Node:
    """Return the node of one point."""
    return Node(scheme, "point", (point,))


def checklist_node(
    scheme: str, checklist: str, period: str, unit: str, inspection: str
) -> Node:  # fmt: skip
    """Return the node of one inspection's answers to a checklist."""
    return Node(scheme, "checklist", (checklist, period, unit, inspection))


def gate_node(scheme: str, gate: str, unit: str) -> Node:
    """Return the node of one unit's way through a gate."""
    return Node(scheme, "gate", (gate, unit))


def sequence_node(scheme: str, sequence: str) -> Node:
    """Return the node of the order of all units."""
    return Node(scheme, "sequence", (sequence,))


def indicator_node(scheme: str, indicator: str, period: str, unit: str) -> Node:
    """Return the node of one unit's indicator in one period."""
    return Node(scheme, "indicator", (indicator, period, unit))


def duty_node(scheme: str, duty: str, cycle: str, unit: str) -> Node:
    """Return the node of one unit's duty in one cycle."""
    return Node(scheme, "duty", (duty, cycle, unit))


def score_node(scheme: str, score: str, period: str, unit: str) -> Node:
    """Return the node of one unit's score in one period."""
    return Node(scheme, "score", (score, period, unit))


def list_node(scheme: str, score: str, period: str) -> Node:
    """Return the node of all lists of one score in one period."""
    return Node(scheme, "list", (score, period))


def consequence_node(scheme: Scheme, unit: str, period: str, anchor: str) -> Node:
    """Return the node of a unit's consequences in one period: of one issue, or of the period.

    Where rules ask for several facts at once, an issue's facts must meet the period's, and one
    node holds all of them.
    """
    return Node(scheme.slug, "consequence", (unit, period, "" if scheme.mixes_facts else anchor))


def consequence_home(scheme: Scheme, node: Node, slot: str) -> Node:
    """Return where a slot of a consequence node is judged under `scheme`."""
    unit, period, _ = node.parts
    issue, at, _ = slot.rpartition("\n")[2].rpartition("@")
    return consequence_node(scheme, unit, period, issue if at else "")


def defines(scheme: Scheme, node: Node) -> bool:
    """Return whether the scheme still has the definition that a node is about.

    One that is about another kind of period now has no longer what it was. What came again in a
    closed period stays as the rules of then had it: a recurrence asks the rules of each issue.
    """
    match node.kind:
        case "score" | "list":
            return (node.parts[0], cal.period_kind(node.parts[1])) in {
                (score.id, score.period) for score in scheme.scores
            }
        case "duty":
            return (node.parts[0], cal.period_kind(node.parts[1])) in {
                (duty.id, duty.every) for duty in scheme.duties
            }
        case "point":
            return scheme.points is not None
        case "checklist":
            return any(item.id == node.parts[0] for item in scheme.checklists)
        case "gate":
            return any(item.id == node.parts[0] for item in scheme.gates)
        case "sequence":
            return any(item.id == node.parts[0] for item in scheme.sequences)
        case "indicator":
            return (node.parts[0], cal.period_kind(node.parts[1])) in {
                (item.id, item.period) for item in scheme.indicators
            }
        case "slip":
            ladder, rung = node.parts[:2]
            return any(
                item.id == ladder and any(r.id == rung for r in item.rungs)
                for item in scheme.ladders
            )
        case _:
            return True


def stage(node: Node, scheme: Scheme) -> tuple[int, int, str]:
    """Return the node's place in the order of settlement: feeds only go to later places."""
    if node.kind not in ("score", "indicator"):
        return STAGE[node.kind], 0, ""
    figures: Iterable[Score | Indicator] = (
        scheme.scores if node.kind == "score" else scheme.indicators
    )
    figure = next((item for item in figures if item.id == node.parts[0]), None)
    return STAGE[node.kind], figure.rank if figure is not None else 0, node.parts[1]


def unit_of(node: Node) -> str:
    """Return the unit that a node's key names, or '' where the key names none."""
    match node.kind:
        case "slip":
            return node.parts[2]
        case "duty" | "score" | "indicator" | "checklist":
            return node.parts[2]
        case "gate":
            return node.parts[1]
        case "consequence":
            return node.parts[0]
        case _:
            return ""
