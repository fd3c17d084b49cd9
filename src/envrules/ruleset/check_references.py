"""Checks of everything that names something else: parameters, clauses, words, consequences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from envrules.errors import Problem
from envrules.kinds.common import Where
from envrules.kinds.score_specs import RowSpec
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.reference_fields import FLAG, FLAG_KEYS, PARAMETER_UNITS, VOCABULARY
from envrules.ruleset.schema import DURATION_UNITS, ParameterSpec
from envrules.ruleset.source import Path
from envrules.ruleset.walk import consequences_of, sections, texts
from envrules.ruleset.words import choose


def check_references(loaded: LoadedRuleset) -> Iterator[Problem]:
    """Yield the problems of all references of a ruleset."""
    used: set[str] = set()
    for path, section in sections(loaded.spec):
        yield from _clause(loaded, path, section)
        yield from _words(loaded, path, section)
        yield from _consequences(loaded, path, section)
        for place, name, units in _parameters(path, section):
            used.add(name)
            yield from _parameter(loaded, place, name, units)
    yield from _named_after_scores(loaded)
    yield from _classes(loaded)
    yield from _conditions(loaded)
    yield from _unused(loaded, used)


def _clause(loaded: LoadedRuleset, path: Path, section: BaseModel) -> Iterator[Problem]:
    """A definition states its clause or why there is none; numbers and rows not both."""
    fields = type(section).model_fields
    if "ref" not in fields or "not_from_source" not in fields:
        return
    ref: str | None = getattr(section, "ref", None)
    reason: str | None = getattr(section, "not_from_source", None)
    if ref is None and reason is None:
        yield loaded.problem_of(
            "ER306", path, f"{loaded.name(path)} has no clause, and no reason why",
            "add `ref: <source> <clause>`, or `not_from_source: <why this is our default>`",
        )  # fmt: skip
    elif ref is not None and reason is not None and isinstance(section, ParameterSpec | RowSpec):
        yield loaded.problem_of(
            "ER307", path, f"{loaded.name(path)} has a clause and also a reason for having none",
            "keep `ref` if the document states the value, else `not_from_source`",
        )  # fmt: skip
    if ref is not None:
        source, _, clause = ref.partition(" ")
        sources = loaded.spec.sources
        if source not in sources:
            yield loaded.problem(
                "ER302", (*path, "ref"), f"{loaded.name(path)} cites the unknown source {source!r}",
                choose(source, sources, "declare it under `sources`"),
            )  # fmt: skip
        elif not clause.strip():
            yield loaded.problem(
                "ER302", (*path, "ref"), f"{loaded.name(path)} cites {source} without a clause",
                f"write the clause after it: `ref: {source} 三2`",
            )  # fmt: skip


def _words(loaded: LoadedRuleset, path: Path, section: BaseModel) -> Iterator[Problem]:
    for (model, field), vocabulary in VOCABULARY.items():
        if not isinstance(section, model) or field not in section.model_fields_set:
            continue
        known = getattr(loaded.spec, vocabulary.section)
        if vocabulary.open and not known:
            continue
        for place, word in texts(getattr(section, field), (*path, field)):
            if word not in known:
                yield loaded.problem(
                    vocabulary.code, place,
                    f"{loaded.name(path)}.{field}: there is no {vocabulary.noun} {word!r}",
                    choose(word, known, f"declare it under `{vocabulary.section}`"),
                )  # fmt: skip


def _consequences(loaded: LoadedRuleset, path: Path, section: BaseModel) -> Iterator[Problem]:
    known = loaded.spec.consequences
    for place, word in consequences_of(section, path):
        if word not in known:
            yield loaded.problem(
                "ER305", place, f"{loaded.name(path)}.then: there is no consequence {word!r}",
                choose(word, known, "declare it under `consequences` with its action"),
            )  # fmt: skip


def _parameters(path: Path, section: BaseModel) -> Iterator[tuple[Path, str, frozenset[str]]]:
    """Yield the parameters that a section names: where, which, and of what units."""
    for (model, field), units in PARAMETER_UNITS.items():
        if isinstance(section, model) and getattr(section, field) is not None:
            for place, name in texts(getattr(section, field), (*path, field)):
                yield place, name.removeprefix("$"), units
    for model, field in FLAG_KEYS:
        if isinstance(section, model):
            for name in getattr(section, field):
                yield (*path, field, name), name, FLAG


def _parameter(
    loaded: LoadedRuleset, path: Path, name: str, units: frozenset[str]
) -> Iterator[Problem]:
    known = loaded.spec.parameters
    # A flag is the key of its entry, any other parameter the value.
    problem = loaded.problem_of if path[-1] == name else loaded.problem
    if name not in known:
        yield problem(
            "ER301", path, f"{loaded.name(path)}: there is no parameter {name}",
            choose(name, known, "declare it under `parameters`"),
        )  # fmt: skip
    elif known[name].unit not in units:
        yield problem(
            "ER403", path,
            f"{loaded.name(path)} needs {_one_of(units)}, but {name} has the unit "
            f"{known[name].unit}",
            "name another parameter, or correct its unit and values",
        )  # fmt: skip


def _one_of(units: frozenset[str]) -> str:
    return "a time limit" if units == DURATION_UNITS else f"the unit {' or '.join(sorted(units))}"


def _named_after_scores(loaded: LoadedRuleset) -> Iterator[Problem]:
    """The keys of bands, demotions and weights are scores; a demotion needs bands to lower."""
    spec = loaded.spec
    keys: list[tuple[Path, str]] = [(("bands", name), name) for name in spec.bands]
    keys += [
        (("scores", name, "weighted", part), part)
        for name, score in spec.scores.items() for part in score.weighted
    ]  # fmt: skip
    for path, name in keys:
        if name not in spec.scores:
            yield loaded.problem_of(
                "ER304", path, f"{loaded.name(path)}: there is no score {name!r}",
                choose(name, spec.scores, "declare it under `scores`"),
            )  # fmt: skip
    for name in spec.demotions:
        if name not in spec.bands:
            yield loaded.problem_of(
                "ER304", ("demotions", name), f"demotions.{name}: the score {name!r} has no bands",
                choose(name, spec.bands, "declare its bands under `bands`"),
            )  # fmt: skip


def _classes(loaded: LoadedRuleset) -> Iterator[Problem]:
    """`where.classes` names classes of the taxonomy."""
    known = [item.id for item in loaded.spec.classes]
    for path, section in sections(loaded.spec):
        if not isinstance(section, Where):
            continue
        for i, name in enumerate(section.classes):
            if name not in known:
                yield loaded.problem(
                    "ER304", (*path, "classes", i), f"{loaded.name(path)}: there is no class {name!r}",
                    choose(name, known, "declare it under `classes`"),
                )  # fmt: skip


def _conditions(loaded: LoadedRuleset) -> Iterator[Problem]:
    """`where.conditions_of` names categories, and of each the filing conditions it declares."""
    known = loaded.spec.categories
    for path, section in sections(loaded.spec):
        if not isinstance(section, Where):
            continue
        for category, codes in section.conditions_of.items():
            here = (*path, "conditions_of", category)
            if known and category not in known:
                yield loaded.problem_of(
                    "ER303", here, f"{loaded.name(path)}.conditions_of: there is no category "
                    f"{category!r}", choose(category, known, "declare it under `categories`"),
                )  # fmt: skip
                continue
            declared = known[category].conditions if known else {}
            for i, code in enumerate(codes):
                if declared and code not in declared:
                    yield loaded.problem(
                        "ER303", (*here, i),
                        f"{loaded.name(here)}: {category} has no filing condition {code!r}",
                        choose(code, declared, f"declare it under `categories.{category}.conditions`"),
                    )  # fmt: skip


def _unused(loaded: LoadedRuleset, used: set[str]) -> Iterator[Problem]:
    """What an operator could tune without effect is an error; an idle word is a warning."""
    spec = loaded.spec
    tables = {score.table for score in spec.scores.values()}
    said = {word for path, node in sections(spec) for _, word in consequences_of(node, path)}
    for section, names in (("parameters", used), ("tables", tables)):
        declared: Any = getattr(spec, section)
        for name in declared:
            if name not in names:
                yield loaded.problem_of(
                    "ER308", (section, name), f"nothing uses {section}.{name}",
                    "remove it, or name it where it should take effect",
                )  # fmt: skip
    for word in spec.consequences:
        if word not in said:
            yield loaded.problem_of(
                "ER309", ("consequences", word), f"no `then` names the consequence {word}",
                "remove it, or let a rule, rung or list name it",
            )  # fmt: skip
