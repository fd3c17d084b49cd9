"""Compiling tables, scores, bands, lists, checklists and indicators."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from envrules.kinds import (
    bands,
    checklists,
    indicator_specs,
    indicators,
    lists,
    score_specs,
    scores,
    tables,
)
from envrules.kinds.compiled import Comparison, Parameter
from envrules.model.values import ALWAYS, Dated
from envrules.ruleset.compiling import Compiling

_COMPARISONS: tuple[Comparison, ...] = ("at_least", "above", "at_most", "below")


class ScoreSide:
    """The figures of a ruleset: scores and indicators may be made of one another."""

    def __init__(self, c: Compiling) -> None:
        self._c = c

    # ── scores ──

    @cached_property
    def all_scores(self) -> tuple[scores.Score, ...]:
        """The scores, each after those that it is made of."""
        compiled = [self._score(name, item) for name, item in self._c.spec.scores.items()]
        return tuple(sorted(compiled, key=lambda s: s.rank))

    def _score(self, name: str, item: score_specs.ScoreSpec) -> scores.Score:
        c, bonus = self._c, item.bonus
        return scores.Score(
            id=name, citation=c.cite(("scores", name), item), units=frozenset(item.unit),
            period=item.period, table=self._rows_of(item),
            supplied_by=item.supplied_by or "", full=c.param(item.full),
            mean_of=item.mean_of or "", min_share=c.param(item.min_share),
            min_presence=c.param(item.min_presence), counts=frozenset(item.counts),
            several=item.several, not_assessed=item.not_assessed,
            bonus_by=bonus.approved_by if bonus else "",
            bonus_citation=c.cite(("scores", name, "bonus"), bonus) if bonus else None,
            rank=self._depth("score", name),
            weighted={part: c.parameter(ref) for part, ref in item.weighted.items()},
            checklist=self._checklist(item.checklist) if item.checklist else None,
            indicator=item.indicator or "",
            finder={level: c.parameter(ref) for level, ref in item.finder.items()},
            own_found=c.param(item.own_found), repeat=item.repeat or "",
            restore=c.param(item.restore), restore_by=item.restore_by or "",
        )  # fmt: skip

    def _depth(self, kind: str, name: str) -> int:
        """Return how many figures lie below this one, at the deepest. `check` refuses circles."""
        below: list[tuple[str, str]] = []
        if kind == "score":
            score = self._c.spec.scores[name]
            below += [("score", part) for part in (*score.weighted, score.mean_of) if part]
            below += [("indicator", score.indicator)] if score.indicator else []
        else:
            counted = self._c.spec.indicators[name].bands
            below += [("score", counted.score)] if counted is not None else []
        return max((1 + self._depth(*item) for item in below), default=0)

    def _rows_of(self, item: score_specs.ScoreSpec) -> Dated[tables.Table] | None:
        """Return what a score loses points by: the rows of its table, the items of its checklist."""
        if item.table:
            return self._table(item.table)
        if not item.checklist:
            return None
        checklist = self._checklist(item.checklist)
        rows = [
            tables.Row(
                id=one.id, citation=one.citation, full=one.points, each=one.points, supplied_by="",
                not_supplied="no_score", at=frozenset(), find=frozenset(), at_if={}, find_if={},
            )
            for one in checklist.items if one.points is not None
        ]  # fmt: skip
        return Dated(checklist.citation, {ALWAYS: tables.Table(rows)})

    def _table(self, name: str) -> Dated[tables.Table]:
        spec = self._c.spec.tables[name]
        path = ("tables", name, "values")
        by_day = {
            day: tables.Table([self._row(name, (*path, day, i), row) for i, row in enumerate(rows)])
            for day, rows in spec.values.items()
        }
        places = {day: self._c.loaded.location((*path, day)) for day in spec.values}
        return Dated(self._c.cite(("tables", name), spec), by_day, places)

    def _row(self, table: str, path: tuple[str | int, ...], row: score_specs.RowSpec) -> tables.Row:
        def flags(given: Mapping[str, tuple[str, ...]]) -> dict[str, Parameter]:
            parameters = self._c.parameters
            return {word: parameters[name] for name, words in given.items() for word in words}

        return tables.Row(
            id=row.id, citation=self._c.cite(path, row, name=f"tables.{table}.{row.id}"),
            full=row.full, each=row.each, supplied_by=row.supplied_by or "",
            not_supplied=row.not_supplied, at=frozenset(row.at), find=frozenset(row.find),
            at_if=flags(row.at_if), find_if=flags(row.find_if),
        )  # fmt: skip

    # ── bands and lists ──

    def all_bands(self) -> dict[str, tuple[bands.Band, ...]]:
        """Return the bands by score."""
        return {
            score: tuple(self._band(score, i, item) for i, item in enumerate(items))
            for score, items in self._c.spec.bands.items()
        }

    def _band(self, score: str, i: int, item: bands.BandSpec) -> bands.Band:
        return bands.Band(
            item.id, self._c.cite(("bands", score, i), item, name=f"bands.{score}.{item.id}"),
            self._bounds(item), tuple(self._checklist(name) for name in item.needs),
            item.colour or "",
        )  # fmt: skip

    def _bounds(
        self, item: bands.BandSpec | indicator_specs.IndicatorSpec
    ) -> tuple[tuple[Comparison, Parameter], ...]:
        given = ((how, self._c.param(getattr(item, how))) for how in _COMPARISONS)
        return tuple((how, parameter) for how, parameter in given if parameter is not None)

    def all_demotions(self) -> dict[str, bands.Demotion]:
        """Return what lowers the bands of a score, by score."""
        c = self._c
        return {
            name: bands.Demotion(
                c.cite(("demotions", name), item), item.recurred, c.parameter(item.levels)
            )
            for name, item in c.spec.demotions.items()
        }

    def all_lists(self) -> tuple[lists.ListRule, ...]:
        """Return the lists; one that excludes another's members comes after it."""
        compiled = [self._list(name, item) for name, item in self._c.spec.lists.items()]
        by_id = {rule.id: rule for rule in compiled}

        def depth(rule: lists.ListRule) -> int:
            other = by_id.get(rule.never_with)
            return 0 if other is None else 1 + depth(other)

        return tuple(sorted(compiled, key=depth))

    def _list(self, name: str, item: lists.ListSpec) -> lists.ListRule:
        c, then = self._c, self._c.then(item.then)
        share = item.top_share or item.bottom_share
        places = c.param(item.top or item.bottom or share)
        assert places is not None
        return lists.ListRule(
            id=name, citation=c.cite(("lists", name), item), of=item.of,
            end="top" if item.top or item.top_share else "bottom", places=places,
            split=c.param(item.split), ties=item.ties,
            only_if_below=c.param(item.only_if_below), never_with=item.never_with or "",
            unless=frozenset(item.unless), then=then,
            needs_approval=c.approval(then, item.approve) or item.approve is None,
            rounding=item.rounding if share else "",
            only_if_at_least=c.param(item.only_if_at_least),
        )  # fmt: skip

    # ── checklists and indicators ──

    @cached_property
    def all_checklists(self) -> tuple[checklists.Checklist, ...]:
        """The checklists."""
        return tuple(self._checklist(name) for name in self._c.spec.checklists)

    def _checklist(self, name: str) -> checklists.Checklist:
        c, item = self._c, self._c.spec.checklists[name]
        path = ("checklists", name)
        items = tuple(
            checklists.Item(
                one.id, c.cite((*path, "items", i), one, name=f"checklists.{name}.{one.id}"),
                one.points,
            )
            for i, one in enumerate(item.items)
        )  # fmt: skip
        return checklists.Checklist(
            name, c.cite(path, item), frozenset(item.inspections), items, c.param(item.at_least)
        )

    @cached_property
    def all_indicators(self) -> tuple[indicators.Indicator, ...]:
        """The indicators."""
        return tuple(
            indicators.Indicator(
                name, self._c.cite(("indicators", name), item), frozenset(item.unit), item.period,
                self._origin(item), self._bounds(item), self._depth("indicator", name),
            )
            for name, item in self._c.spec.indicators.items()
        )  # fmt: skip

    def _origin(self, item: indicator_specs.IndicatorSpec) -> indicators.Origin:
        c = self._c
        if item.measured is not None:
            m = item.measured
            return indicators.Measured(m.organ or "", m.form, c.param(m.per), c.param(m.rounding))
        if item.issues is not None:
            i = item.issues
            return indicators.CountedIssues(
                c.filter(i.where), frozenset(i.count), frozenset(i.of), i.deadline or ""
            )
        if item.bands is not None:
            b = item.bands
            units = frozenset(c.spec.scores[b.score].unit)
            return indicators.CountedBands(b.score, frozenset(b.bands), b.form, b.among, units)
        if item.duties is not None:
            d = item.duties
            return indicators.CountedDuties(d.duty, d.form, frozenset(c.spec.duties[d.duty].unit))
        assert item.visits is not None
        return indicators.ComparedVisits(frozenset(item.visits.inspections))
