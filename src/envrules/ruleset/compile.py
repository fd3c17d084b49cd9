"""Compilation: a located, checked specification becomes the scheme that the engine runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from envrules import calendar as cal
from envrules.kinds import bands, consequences, deadlines, duties, ladders, lifecycle, lists, scores
from envrules.kinds.common import Require, Sourced, Then, Where
from envrules.kinds.compiled import Filter, Outcome, Parameter, Value
from envrules.kinds.ladders import Ladder
from envrules.kinds.scores import Score
from envrules.model.base import Instant
from envrules.model.events import Event
from envrules.model.values import Citation, Dated
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import DURATION_UNITS, CalendarSpec, ParameterSpec

Overrides = Mapping[str, Mapping[str, str]]
"""Parameter → (ISO date or `always`) → value as text: what a locality sets differently."""

Classify = Callable[[Event], Event]


@dataclass(frozen=True)
class Scheme:
    """A compiled ruleset. Immutable; everything the engine asks of a locality's document."""

    slug: str
    title: str
    timezone: str
    revision: str
    calendar: cal.WorkCalendar
    parameters: Mapping[str, Parameter]
    unit_types: Mapping[str, str]
    inspections: Mapping[str, str]
    places: Mapping[str, str]
    categories: Mapping[str, str]
    lifecycle: lifecycle.Lifecycle
    deadlines: tuple[deadlines.Deadline, ...]
    ladders: tuple[Ladder, ...]
    scores: tuple[Score, ...]
    bands: Mapping[str, tuple[bands.Band, ...]]
    lists: tuple[lists.ListRule, ...]
    duties: tuple[duties.Duty, ...]
    rules: tuple[consequences.Rule, ...]
    taxonomy_citation: Citation
    classify: Classify | None = field(default=None, compare=False)
    """The plugin's reading of an event (hook `envrules_classify`), if it has one."""

    def read(self, event: Event) -> Event:
        """Return the event as this scheme reads it."""
        return event if self.classify is None else self.classify(event)

    def day(self, instant: Instant) -> date:
        """Return the local date of an instant."""
        return cal.local_date(self.timezone, instant)

    @cached_property
    def mixes_facts(self) -> bool:
        """Whether any rule asks for more than one fact at once.

        If none does, facts of different issues never meet, and each issue's consequences can be
        judged by themselves.
        """
        ways = (way for rule in self.rules for way in rule.alternatives)
        return any(len(way.present) + len(way.absent) > 1 for way in ways)

    def score(self, score_id: str) -> Score:
        """Return a score by its id."""
        return next(s for s in self.scores if s.id == score_id)

    def ladder(self, ladder_id: str) -> Ladder:
        """Return a ladder by its id."""
        return next(item for item in self.ladders if item.id == ladder_id)


def compile_ruleset(
    loaded: LoadedRuleset,
    revision: str,
    overrides: Overrides | None = None,
    classify: Classify | None = None,
) -> Scheme:
    """Return the scheme of a ruleset that `check` has found good.

    `overrides` are a locality's own dated values; they win over the file's on and after their
    dates, and are cited as the locality's.
    """
    return _Compiler(loaded, overrides or {}).scheme(revision, classify)


class _Compiler:
    """Holds what every section needs: the specification, its positions, the parameters."""

    def __init__(self, loaded: LoadedRuleset, overrides: Overrides) -> None:
        self.loaded = loaded
        self.spec = loaded.spec
        self.parameters = {
            name: self._parameter(name, spec, overrides.get(name, {}))
            for name, spec in loaded.spec.parameters.items()
        }

    def scheme(self, revision: str, classify: Classify | None) -> Scheme:
        spec = self.spec
        compiled_scores = self._scores()
        return Scheme(
            slug=spec.ruleset, title=spec.title, timezone=spec.timezone, revision=revision,
            calendar=work_calendar(spec.timezone, spec.calendar), parameters=self.parameters,
            unit_types={k: v.title for k, v in spec.unit_types.items()},
            inspections={k: v.title for k, v in spec.inspections.items()},
            places={k: v.title for k, v in spec.places.items()},
            categories={k: v.title for k, v in spec.categories.items()},
            lifecycle=self._lifecycle(), deadlines=self._deadlines(), ladders=self._ladders(),
            scores=compiled_scores, bands=self._bands(), lists=self._lists(),
            duties=self._duties(), rules=self._rules(),
            taxonomy_citation=self.cite(("categories",), None, "问题类别与地点"), classify=classify,
        )  # fmt: skip

    # ── shared ──

    def cite(self, path: tuple[str | int, ...], item: Sourced | Any, title: str = "") -> Citation:
        """Return the citation of the definition at `path`."""
        where = path if path[0] in type(self.spec).model_fields and self._given(path[0]) else ()
        return Citation(
            id=".".join(str(p) for p in path),
            title=title or getattr(item, "title", "") or str(path[-1]),
            location=self.loaded.location(where),
            ref=getattr(item, "ref", None) or "",
            not_from_source=getattr(item, "not_from_source", None) or "",
        )

    def _given(self, section: str | int) -> bool:
        return section in self.spec.model_fields_set

    def param(self, ref: str | None) -> Parameter | None:
        return None if ref is None else self.parameters[ref.removeprefix("$")]

    def _parameter(self, name: str, spec: ParameterSpec, overrides: Mapping[str, str]) -> Parameter:
        path = ("parameters", name)
        citation = self.cite(path, spec)
        values: dict[str, Value] = {day: self._value(raw, spec) for day, raw in spec.values.items()}
        places = {day: self.loaded.location((*path, "values", day)) for day in spec.values}
        for day, text in overrides.items():
            values[day] = self._value(text, spec)
            places[day] = f"（本地设定）{name}@{day}"
        if overrides:
            first = min(overrides, key=lambda d: "" if d == "always" else d)
            # A locality's value holds until the locality says otherwise, whatever the file's
            # later dates say.
            for day in [d for d in values if d not in overrides and d != "always" and d > first]:
                del values[day], places[day]
            if first == "always":
                values = {d: v for d, v in values.items() if d in overrides}
        return Parameter(name, spec.unit, Dated(citation, values, places))

    def _value(self, raw: bool | Decimal | str, spec: ParameterSpec) -> Value:
        if spec.unit == "flag":
            return raw if isinstance(raw, bool) else str(raw).lower() == "true"
        if spec.unit == "text":
            return str(raw)
        if spec.unit in DURATION_UNITS:
            return self._duration(raw, spec.unit)
        return Decimal(str(raw))

    def _duration(self, raw: bool | Decimal | str, unit: str) -> cal.Duration:
        if unit == "same_day":
            return cal.Duration(amount=Decimal(1), unit=cal.Unit("same_day"), cut_off=str(raw))
        counting = getattr(self.spec.calendar, unit, None)
        amount = Decimal(str(raw))
        if counting is None:
            return cal.Duration(amount=amount, unit=cal.Unit(unit))
        return cal.Duration(
            amount=amount, unit=cal.Unit(unit), boundary=cal.Boundary(counting.boundary),
            counting=cal.Counting(counting.counting), due=cal.Due(counting.due),
        )  # fmt: skip

    def _filter(self, where: Where) -> Filter:
        return Filter(**{
            name: frozenset(getattr(where, name))
            for name in ("category", "condition", "place", "source", "object_class", "tags")
        })  # fmt: skip

    def _then(self, then: Then) -> tuple[Outcome, ...]:
        return tuple(self._outcome(item) for item in then)

    def _outcome(self, item: str | Require) -> Outcome:
        words = item.require if isinstance(item, Require) else item
        spec = self.spec.consequences[words]
        approve = spec.approve
        if approve is None:
            approve = spec.action not in consequences.SELF_PUBLISHING
        citation = self.cite(("consequences", words), spec)
        if isinstance(item, Require):
            return Outcome(words, spec.action, approve, citation, item.by, self.param(item.within))
        return Outcome(words, spec.action, approve, citation)

    @staticmethod
    def _approval(then: Iterable[Outcome], stated: bool | None) -> bool:
        return any(o.needs_approval for o in then) if stated is None else stated

    # ── sections ──

    def _lifecycle(self) -> lifecycle.Lifecycle:
        issues = self.spec.issues
        direct = {
            rung.id: frozenset(ladder.direct_issue_by)
            for ladder in self.spec.ladders.values() if ladder.direct_issue_by
            for rung in ladder.rungs
        }  # fmt: skip
        required: dict[str, tuple[tuple[str, ...], Citation]] = {
            step: (
                item.fields,
                self.cite(("issues", "required", step), item, f"{lifecycle.WORDS[step]}须填"),
            )
            for step, item in issues.required.items()
        }
        order = issues.order
        citation = (
            self.cite(("issues", "order"), order, "办理步骤")
            if order
            else self.cite(("issues",), issues, "案件办理")
        )
        return lifecycle.Lifecycle(
            issues.charge, order.steps if order else (), citation, required, direct
        )

    def _deadlines(self) -> tuple[deadlines.Deadline, ...]:
        return tuple(
            deadlines.Deadline(
                id=name, citation=self.cite(("deadlines", name), item), where=self._filter(item.where),
                starts=item.starts, stops=item.stops, within=self.param(item.within),
                prefer_host=item.host_deadline == "prefer", without_limit=item.without_limit,
            )
            for name, item in self.spec.deadlines.items()
        )  # fmt: skip

    def _ladders(self) -> tuple[ladders.Ladder, ...]:
        return tuple(
            ladders.Ladder(
                id=name, citation=self.cite(("ladders", name), item), where=self._filter(item.where),
                starts=item.starts, stops=item.stops, merged=bool(item.merge),
                served_on_publication=item.service == "publication",
                rungs=tuple(self._rung(name, i, rung) for i, rung in enumerate(item.rungs)),
            )
            for name, item in self.spec.ladders.items()
        )  # fmt: skip

    def _rung(self, ladder: str, i: int, rung: ladders.RungSpec) -> ladders.Rung:
        then = self._then(rung.then)
        citation = replace_id(
            self.cite(("ladders", ladder, "rungs", i), rung), f"ladders.{ladder}.{rung.id}"
        )
        clock: Literal["start", "after", "after_service"]
        clock = "start" if rung.at else "after" if rung.after else "after_service"
        return ladders.Rung(
            rung.id,
            citation,
            clock,
            self.param(rung.after or rung.after_service),
            then,
            self._approval(then, rung.approve),
        )

    def _scores(self) -> tuple[scores.Score, ...]:
        specs = self.spec.scores

        def depth(name: str) -> int:
            below = specs[name].mean_of
            return 0 if below is None else 1 + depth(below)

        compiled = [
            scores.Score(
                id=name, citation=self.cite(("scores", name), item), units=frozenset(item.unit),
                period=item.period, table=self._table(item.table) if item.table else None,
                supplied_by=item.supplied_by or "", full=self.param(item.full),
                mean_of=item.mean_of or "",
                min_share=self.param(item.min_share), min_presence=self.param(item.min_presence),
                counts=frozenset(item.counts),
                several=item.several, not_assessed=item.not_assessed,
                bonus_by=item.bonus.approved_by if item.bonus else "",
                bonus_citation=self.cite(("scores", name, "bonus"), item.bonus) if item.bonus else None,
                rank=depth(name),
            )
            for name, item in specs.items()
        ]  # fmt: skip
        return tuple(sorted(compiled, key=lambda s: s.rank))

    def _table(self, name: str) -> Dated[scores.Table]:
        spec = self.spec.tables[name]
        path = ("tables", name, "values")
        tables = {
            day: scores.Table([self._row(name, (*path, day, i), row) for i, row in enumerate(rows)])
            for day, rows in spec.values.items()
        }
        places = {day: self.loaded.location((*path, day)) for day in spec.values}
        return Dated(self.cite(("tables", name), spec), tables, places)

    def _row(self, table: str, path: tuple[str | int, ...], row: scores.RowSpec) -> scores.Row:
        def flags(given: Mapping[str, tuple[str, ...]]) -> dict[str, Parameter]:
            return {word: self.parameters[name] for name, words in given.items() for word in words}

        return scores.Row(
            id=row.id, citation=replace_id(self.cite(path, row), f"tables.{table}.{row.id}"),
            full=row.full, each=row.each, supplied_by=row.supplied_by or "",
            not_supplied=row.not_supplied, at=frozenset(row.at), find=frozenset(row.find),
            at_if=flags(row.at_if), find_if=flags(row.find_if),
        )  # fmt: skip

    def _bands(self) -> dict[str, tuple[bands.Band, ...]]:
        return {
            score: tuple(self._band(score, i, item) for i, item in enumerate(items))
            for score, items in self.spec.bands.items()
        }

    def _band(self, score: str, i: int, item: bands.BandSpec) -> bands.Band:
        bounds = []
        for comparison in ("at_least", "above", "at_most", "below"):
            parameter = self.param(getattr(item, comparison))
            if parameter is not None:
                bounds.append((comparison, parameter))
        citation = replace_id(self.cite(("bands", score, i), item), f"bands.{score}.{item.id}")
        return bands.Band(item.id, citation, tuple(bounds))  # type: ignore[arg-type]

    def _lists(self) -> tuple[lists.ListRule, ...]:
        compiled = []
        for name, item in self.spec.lists.items():
            then = self._then(item.then)
            places = self.param(item.top or item.bottom)
            assert places is not None
            compiled.append(lists.ListRule(
                id=name, citation=self.cite(("lists", name), item), of=item.of,
                end="top" if item.top else "bottom", places=places, split=self.param(item.split),
                ties=item.ties, only_if_below=self.param(item.only_if_below),
                never_with=item.never_with or "", unless=frozenset(item.unless), then=then,
                needs_approval=self._approval(then, item.approve) or item.approve is None,
            ))  # fmt: skip
        by_id = {rule.id: rule for rule in compiled}

        def depth(rule: lists.ListRule) -> int:
            other = by_id.get(rule.never_with)
            return 0 if other is None else 1 + depth(other)

        # A list that excludes another's members is judged after it.
        return tuple(sorted(compiled, key=depth))

    def _duties(self) -> tuple[duties.Duty, ...]:
        return tuple(
            duties.Duty(
                id=name, citation=self.cite(("duties", name), item), units=frozenset(item.unit),
                every=item.every, working_days_only=item.days == "working",
                inspections=frozenset(item.met_by.inspection), reports=frozenset(item.met_by.report),
            )
            for name, item in self.spec.duties.items()
        )  # fmt: skip

    def _rules(self) -> tuple[consequences.Rule, ...]:
        compiled = []
        for i, rule in enumerate(self.spec.rules):
            then = self._then(rule.then)
            citation = replace_id(self.cite(("rules", i), rule), f"rules.{rule.id}")
            compiled.append(consequences.Rule(
                rule.id, citation, _alternatives(rule.when), then, self._approval(then, rule.approve)
            ))  # fmt: skip
        return tuple(compiled)


def _alternatives(when: consequences.WhenSpec) -> tuple[consequences.Alternative, ...]:
    absent = tuple(_named(p) for p in when.none)
    if when.any:
        return tuple(consequences.Alternative((_named(p),), absent) for p in when.any)
    if when.all:
        return (consequences.Alternative(tuple(_named(p) for p in when.all), absent),)
    kind = next(iter(when.model_fields_set - {"none"}))
    return (consequences.Alternative(((kind, _any(getattr(when, kind))),), absent),)


def _named(pattern: consequences.PatternSpec) -> tuple[str, str]:
    kind, name = pattern.fact()
    return kind, _any(name)


def _any(name: str) -> str:
    return "" if name == "any" else name


def replace_id(citation: Citation, new_id: str) -> Citation:
    """Return the citation under a stable id instead of a position in a list."""
    return Citation(
        new_id, citation.title, citation.location, citation.ref, citation.not_from_source
    )


def work_calendar(timezone: str, spec: CalendarSpec) -> cal.WorkCalendar:
    """Return the office's working-time calendar."""
    overlay = cal.overlay_from_data({
        "published_years": list(spec.years), "holidays": dict(spec.holidays),
        "workdays": dict(spec.workdays),
    })  # fmt: skip
    source = {
        "china": cal.DaySource.CHINESECALENDAR, "weekdays": cal.DaySource.WEEKDAYS,
        "every_day": cal.DaySource.EVERY_DAY,
    }[spec.days]  # fmt: skip
    table = cal.day_table(source, overlay)
    return cal.WorkCalendar(timezone, table, _hours(spec))


def _hours(spec: CalendarSpec) -> Sequence[tuple[str, str]] | Sequence[cal.Season]:
    """Return the spans of a working day, or the seasons that cover the year once."""
    if not spec.seasons:
        return [_span(text) for text in spec.hours]
    seasons = sorted(spec.seasons, key=lambda s: s.start)
    ends = [_day_before(s.start) for s in (*seasons[1:], seasons[0])]
    return [
        cal.Season(first=s.start, last=end, spans=tuple(_span(text) for text in s.hours))
        for s, end in zip(seasons, ends, strict=True)
    ]


def _span(text: str) -> tuple[str, str]:
    start, end = text.split("-")
    return start, end


def _day_before(month_day: str) -> str:
    """Return the day of the year before `MM-DD`, in a leap year so that 29 Feb has a season."""
    day = date.fromisoformat(f"2000-{month_day}") - timedelta(days=1)
    return f"{day:%m-%d}"
