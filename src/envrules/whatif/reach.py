"""How far a moved parameter reaches: which nodes read it, if it is only the judge that does.

A threshold of a band, a list, a target or a consequence changes what is made of facts, never the
facts: nodes that read it are judged again on what they have been told. What reaches further
(limits, ladders, recurrences, filters) changes what issues had told by a close: replay it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from envrules.engine.nodes import list_node, score_node
from envrules.model.decisions import Content
from envrules.ruleset.compile import Scheme
from envrules.ruleset.load import LoadedRuleset
from envrules.whatif.bands import Bands

Path = tuple[str | int, ...]
_CELLS = frozenset({"full", "each", "at", "find"})
_BOUNDS = frozenset({"at_least", "above", "at_most", "below"})


def moved_parameters(paths: Iterable[str]) -> frozenset[str] | None:
    """Return the parameters whose values are all that differs, or None if more does."""
    names = set()
    for path in paths:
        section, _, name = path.partition(".")
        if section != "parameters" or "." in name:
            return None
        names.add(name)
    return frozenset(names)


def moved_tables(paths: Iterable[str]) -> list[str]:
    """Return the tables of which a row deducts otherwise: all that reads a row is its score."""
    return sorted({
        steps[1] for path in paths
        if len(steps := path.split(".")) == 4 and steps[0] == "tables" and steps[3] in _CELLS
    })  # fmt: skip


def readers(loaded: LoadedRuleset, names: frozenset[str]) -> list[Path]:
    """Return where in the ruleset these parameters are named, their definitions apart."""
    if not names:
        return []
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, sorted(names))) + r")(?!\w)")
    return [
        path for section, part in loaded.data.items() if section != "parameters"
        for path in _named(part, (section,), pattern)
    ]  # fmt: skip


def _named(data: Any, path: Path, pattern: re.Pattern[str]) -> Iterator[Path]:
    """Yield the paths of texts and keys that hold a name, as a word: rather one too many."""
    if isinstance(data, Mapping):
        for key, item in data.items():
            here = (*path, key)
            if pattern.search(str(key)):
                yield here
            yield from _named(item, here, pattern)
    elif isinstance(data, tuple | list):
        for index, item in enumerate(data):
            yield from _named(item, (*path, index), pattern)
    elif isinstance(data, str) and data.startswith("$") and pattern.search(data):
        yield path


def only_judged(scheme: Scheme, paths: Iterable[Path]) -> bool:
    """Return whether all of these are read where a node is judged, and change nothing it tells
    that a close would have kept."""
    again = any(score.repeat for score in scheme.scores)
    return all(_only_judged(path, again) for path in paths)


def _only_judged(path: Path, again: bool) -> bool:
    match path:
        case ("bands" | "lists" | "demotions" | "rules", *_):
            return True
        case ("indicators", _, bound):
            return bound in _BOUNDS
        case ("scores" | "tables", *_):
            return not again
    return False


def nodes_reading(
    scheme: Scheme, tried: Scheme, path: Path, keys: Iterable[str], held: Mapping[str, Content]
) -> set[str]:  # fmt: skip
    """Return the nodes that read a parameter at `path` and may judge otherwise under `tried`.

    Args:
        scheme: the rules in force.
        tried: those that are tried.
        path: where the parameter is named.
        keys: all nodes of the scheme.
        held: slot key → what holds under the rules in force.
    """
    section, name = path[0], path[1] if len(path) > 1 else ""
    if section == "lists":
        of = next(rule.of for rule in scheme.lists if rule.id == name)
        return _under(keys, list_node(scheme.slug, of, "").key())
    if section == "indicators":
        return _under(keys, "\n".join((scheme.slug, "indicator", str(name), "")))
    if section == "rules":
        return _under(keys, "\n".join((scheme.slug, "consequence", "")))
    if section == "tables":
        return _under(keys, "\n".join((scheme.slug, "score", "")))
    nodes = _under(keys, "\n".join((scheme.slug, "score", str(name), "")))
    plain = section == "bands" and not any(band.needs for band in scheme.bands[str(name)])
    if plain and name not in scheme.demotions:
        nodes &= _other_band(scheme, tried, str(name), held)
    return nodes


def _under(keys: Iterable[str], prefix: str) -> set[str]:
    return {key for key in keys if key.startswith(prefix)}


def _other_band(scheme: Scheme, tried: Scheme, score: str, held: Mapping[str, Content]) -> set[str]:
    """Return the nodes whose printed figure falls in another band."""
    placed = Bands(tried, score)
    rule = f"bands.{score}"
    had = {
        (c.unit, c.period): c.outcome for c in held.values()
        if c.kind == "band" and c.slot.rule == rule
    }  # fmt: skip
    return {
        score_node(scheme.slug, score, c.period, c.unit).key() for c in held.values()
        if c.kind == "score" and c.slot.rule == f"scores.{score}" and c.points is not None
        and placed.of(c.points, c.period) != had.get((c.unit, c.period), "")
    }  # fmt: skip
