"""zen-engine with the same table, in every mode that it offers.

It is given what favours it: the table as it is in force today with its flags resolved, one row a
rule, and contexts that are ready made.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import zen

from benchmarks.match_table import NOTHING, PARTS, Answer, Found

Mode: TypeAlias = Callable[[], list[Any]]
"""Answers everything that is asked."""
Answers: TypeAlias = Mapping[tuple[str, str], Answer]
"""By place and category."""

_AT = {"x": 0, "y": 0}


class Zen:
    """One table, and all findings asked of it."""

    def __init__(self, answers: Answers, asked: Sequence[Found], parts: Sequence[str]) -> None:
        """`parts`: which parts of an answer are asked for."""
        self.parts = tuple(parts)
        self._answers = {pair: dict(zip(PARTS, a, strict=True)) for pair, a in answers.items()}
        self._pairs = [{"place": found.place, "category": found.category} for found in asked]
        self._keys = [{"key": f"{found.place}|{found.category}"} for found in asked]
        self._tables = {
            "two columns": self._table(by_key=False),
            "one column": self._table(by_key=True),
        }
        self._engine = zen.ZenEngine({"loader": {"type": "static", "content": self._tables}})
        self._expression = zen.compile_expression(self._conditions())

    def tables(self) -> dict[str, Mode]:
        """Return the modes that run a decision table, by name."""
        ready = {n: zen.ZenDecisionContent(json.dumps(t)) for n, t in self._tables.items()}
        loaded = zen.ZenEngine({"loader": ready.__getitem__})
        modes: dict[str, Mode] = {}
        for name, contexts in (("two columns", self._pairs), ("one column", self._keys)):
            texts = [json.dumps(context) for context in contexts]
            modes |= {
                f"evaluate, {name}": _one_by_one(self._engine, name, contexts),
                f"evaluate, JSON text, {name}": _one_by_one(self._engine, name, texts),
                f"evaluate, JSON bytes, {name}": _one_by_one(
                    self._engine, name, [text.encode() for text in texts]
                ),
                f"evaluate, loader in Python, {name}": _one_by_one(loaded, name, contexts),
                f"evaluate_batch of 10, {name}": _in_batches(self._engine, name, contexts, 10),
                f"evaluate_batch of 100, {name}": _in_batches(self._engine, name, contexts, 100),
                f"evaluate_batch of 1000, {name}": _in_batches(self._engine, name, contexts, 1000),
                f"async_evaluate, {name}": _gathered(self._engine, name, contexts),
                f"get_decision, {name}": _by_handle(self._engine.get_decision(name), contexts),
                f"create_decision, {name}": _by_handle(
                    self._engine.create_decision(ready[name]), contexts
                ),
            }  # fmt: skip
        return modes

    def expression(self) -> list[Any]:
        """Evaluate a compiled chain of conditions: no table, and nothing an operator could edit."""
        evaluate = self._expression.evaluate
        return [evaluate(context) for context in self._keys]

    def answer(self, result: Any) -> tuple[str, ...]:
        """Return zen's result as an answer, cut to the parts asked for."""
        found = result or dict(zip(PARTS, NOTHING, strict=True))
        return tuple(found[part] for part in self.parts)

    def _table(self, *, by_key: bool) -> dict[str, Any]:
        """Return the table in zen's JSON; a row that finds two things lists them in one cell."""
        fields = ("key",) if by_key else ("place", "category")
        rules: dict[str, dict[str, str]] = {}
        for pair, answer in self._answers.items():
            values = ("|".join(pair),) if by_key else pair
            cells = dict(zip(fields, map(_literal, values), strict=True))
            outputs = {part: _literal(answer[part]) for part in self.parts}
            known = rules.setdefault(answer["rule"], {"_id": answer["rule"], **cells, **outputs})
            last = fields[-1]
            if known[last] != cells[last]:
                known[last] += f", {cells[last]}"
        content = {
            "hitPolicy": "first", "inputs": _columns(fields), "outputs": _columns(self.parts),
            "rules": list(rules.values()),
        }  # fmt: skip
        return {
            "contentType": "application/vnd.gorules.decision",
            "nodes": [
                {"id": "in", "name": "in", "type": "inputNode", "position": _AT},
                {"id": "table", "name": "table", "type": "decisionTableNode", "position": _AT,
                 "content": content},
                {"id": "out", "name": "out", "type": "outputNode", "position": _AT},
            ],
            "edges": [
                {"id": "a", "type": "edge", "sourceId": "in", "targetId": "table"},
                {"id": "b", "type": "edge", "sourceId": "table", "targetId": "out"},
            ],
        }  # fmt: skip

    def _conditions(self) -> str:
        branches = []
        for pair, answer in self._answers.items():
            outputs = ", ".join(f"{part}: {_literal(answer[part])}" for part in self.parts)
            branches.append(f"key == {_literal('|'.join(pair))} ? {{{outputs}}} : ")
        return "".join(branches) + "null"


def _one_by_one(engine: Any, name: str, contexts: Sequence[Any]) -> Mode:
    evaluate = engine.evaluate
    return lambda: [evaluate(name, context)["result"] for context in contexts]


def _in_batches(engine: Any, name: str, contexts: Sequence[Any], size: int) -> Mode:
    requests = [{"key": name, "context": context} for context in contexts]
    batches = [requests[i : i + size] for i in range(0, len(requests), size)]
    return lambda: [
        result["data"]["result"] for batch in batches for result in engine.evaluate_batch(batch)
    ]


def _gathered(engine: Any, name: str, contexts: Sequence[Any]) -> Mode:
    async def gather() -> list[Any]:
        pending = [engine.async_evaluate(name, context) for context in contexts]
        return [done["result"] for done in await asyncio.gather(*pending)]

    return lambda: asyncio.run(gather())


def _by_handle(decision: Any, contexts: Sequence[Any]) -> Mode:
    return lambda: [decision.evaluate(context)["result"] for context in contexts]


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # zen knows no \u escapes


def _columns(fields: Iterable[str]) -> list[dict[str, str]]:
    return [{"id": field, "name": field, "field": field} for field in fields]
