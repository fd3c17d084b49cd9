"""The edition says nothing that the ruleset does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from tests.report.edition.told import REVISION, RULESETS, loaded

from envrules.kinds.compiled import plain
from envrules.plugin_manager import load_plugins
from envrules.report.edition import edition_of
from envrules.report.edition.phrases import in_text
from envrules.ruleset.load import LoadedRuleset
from envrules.runtime.library import Library

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def numbers_of(ruleset: LoadedRuleset) -> set[str]:
    """Return the numbers that a ruleset's edition may tell: its own, and what follows from them.

    These follow: a share of one in per cent, money in 万元, and the sum of a table's full marks.
    """
    spec = ruleset.spec
    own = {digits for text in _texts(ruleset.data) for digits in _NUMBER.findall(text)}
    own |= {str(int(digits)) for digits in own if digits.isdecimal()}  # 2026-04-01: 4月1日
    derived = {"ratio": Decimal(100), "money": Decimal("0.0001")}
    for parameter in spec.parameters.values():
        for value in parameter.values.values():
            if parameter.unit in derived and isinstance(value, Decimal):
                own.add(plain(value * derived[parameter.unit]))
    for table in spec.tables.values():
        own |= {
            plain(sum((row.full for row in rows), Decimal(0))) for rows in table.values.values()
        }
    return own


def _texts(data: Any) -> Iterator[str]:
    """Yield every scalar and every key of a file as text."""
    match data:
        case dict():
            for key, value in data.items():
                yield key
                yield from _texts(value)
        case tuple():
            for value in data:
                yield from _texts(value)
        case Decimal():
            yield plain(data)
        case _:
            yield str(data)


@pytest.mark.parametrize("slug", RULESETS)
def test_every_number_is_the_rulesets(slug: str) -> None:
    """A number in a sentence stands in the file, or is one of the few that follow from it."""
    ruleset = loaded(RULESETS[slug])
    edition = edition_of(ruleset, REVISION)
    known = numbers_of(ruleset)
    for entry in (*edition.rules, *edition.terms):
        said = in_text(tuple(span for told in entry.told for span in told))
        assert set(_NUMBER.findall(said)) <= known, entry.id
    for tuned in edition.parameters:
        assert set(_NUMBER.findall(" ".join(map(" ".join, tuned.values)))) <= known, tuned.id


@pytest.mark.parametrize("slug", RULESETS)
def test_every_definition_is_told_once_at_its_place(slug: str) -> None:
    """An entry has an anchor of its own and stands under its clause, or among our defaults."""
    edition = edition_of(loaded(RULESETS[slug]), REVISION)
    entries = (*edition.rules, *edition.parameters, *edition.terms)
    assert len({entry.anchor for entry in entries}) == len(entries)
    in_clauses = [
        entry for clause in edition.clauses
        for entry in (*clause.rules, *clause.parameters, *clause.terms)
    ]  # fmt: skip
    assert len(in_clauses) == sum(1 for entry in entries if entry.ref)
    assert {entry.anchor for entry in entries} == {
        entry.anchor for entry in (*in_clauses, *edition.silent)
    }


@pytest.mark.parametrize("slug", RULESETS)
def test_entries_have_the_names_that_decisions_cite(slug: str) -> None:
    """What a decision cites as its rule or value is found in the edition under the same id."""
    path = RULESETS[slug]
    text = path.read_text(encoding="utf-8")
    scheme = Library(load_plugins()).add(text, path.name, {}, 0)
    edition = edition_of(loaded(path), REVISION)
    known = {entry.id for entry in (*edition.rules, *edition.parameters, *edition.terms)}
    cited = {
        *(parameter.dated.citation.id for parameter in scheme.parameters.values()),
        *(score.citation.id for score in scheme.scores),
        *(band.citation.id for bands in scheme.bands.values() for band in bands),
        *(rung.citation.id for ladder in scheme.ladders for rung in ladder.rungs),
        *(one.citation.id for one in scheme.lists),
        *(one.citation.id for one in scheme.deadlines),
        *(one.citation.id for one in scheme.duties),
        *(rule.citation.id for rule in scheme.rules),
        *(outcome.citation.id for rule in scheme.rules for outcome in rule.then),
        *(citation.id for _, citation in scheme.lifecycle.required.values()),
        *(condition.citation.id for condition in scheme.lifecycle.conditions),
        *(one.citation.id for one in scheme.classes),
    }
    assert cited
    assert cited <= known
