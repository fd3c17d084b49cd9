"""What compiling every section needs: the specification, its positions, the parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from envrules import calendar as cal
from envrules.kinds import consequences, taxonomy
from envrules.kinds.campaigns import Campaign
from envrules.kinds.common import Require, Sourced, Then, Where
from envrules.kinds.compiled import Filter, Outcome, Parameter, Value
from envrules.model.values import Citation, Dated
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import DURATION_UNITS, ParameterSpec

Overrides = Mapping[str, Mapping[str, str]]
"""Parameter → (ISO date or `always`) → value as text: what a locality sets differently."""

Path = tuple[str | int, ...]


class Compiling:
    """A ruleset being compiled."""

    def __init__(self, loaded: LoadedRuleset, overrides: Overrides) -> None:
        self.loaded = loaded
        self.spec = loaded.spec
        self.parameters = {
            name: self._parameter(name, spec, overrides.get(name, {}))
            for name, spec in loaded.spec.parameters.items()
        }

    def cite(self, path: Path, item: Sourced | Any, title: str = "", name: str = "") -> Citation:
        """Return the citation of the definition at `path`; `name` is its id if not the path."""
        where = path if path[0] in type(self.spec).model_fields and self._given(path[0]) else ()
        return Citation(
            id=name or ".".join(str(p) for p in path),
            title=title or getattr(item, "title", "") or str(path[-1]),
            location=self.loaded.location(where),
            ref=getattr(item, "ref", None) or "",
            not_from_source=getattr(item, "not_from_source", None) or "",
        )

    def param(self, ref: str | None) -> Parameter | None:
        """Return the parameter that `$name` names; None for None."""
        return None if ref is None else self.parameter(ref)

    def parameter(self, ref: str) -> Parameter:
        """Return the parameter that `$name` names."""
        return self.parameters[ref.removeprefix("$")]

    def filter(self, where: Where) -> Filter:
        """Return the compiled `where`."""
        bare = self._bare(where)
        campaigns = tuple(self.campaigns[name] for name in where.campaign)
        classes = frozenset(where.classes)
        return replace(
            bare, classes=classes, taxonomy=self.classes if classes else (), campaigns=campaigns
        )

    @cached_property
    def campaigns(self) -> dict[str, Campaign]:
        """The campaigns, by key."""
        return {
            name: Campaign(
                name, self.cite(("campaigns", name), item), self.param(item.starts),
                self.param(item.until), self.param(item.before), self.param(item.lasts),
            )
            for name, item in self.spec.campaigns.items()
        }  # fmt: skip

    @cached_property
    def classes(self) -> tuple[taxonomy.Class, ...]:
        """The classes, in order. None of them is defined by others: `check` sees to it."""
        return tuple(
            taxonomy.Class(
                item.id, self.cite(("classes", i), item, name=f"classes.{item.id}"),
                replace(self._bare(item.where),
                        campaigns=tuple(self.campaigns[name] for name in item.where.campaign)),
            )
            for i, item in enumerate(self.spec.classes)
        )  # fmt: skip

    def then(self, then: Then) -> tuple[Outcome, ...]:
        """Return the compiled consequences."""
        return tuple(self._outcome(item) for item in then)

    @staticmethod
    def approval(then: Iterable[Outcome], stated: bool | None) -> bool:
        """Return whether a decision with these consequences waits for approval."""
        return any(o.needs_approval for o in then) if stated is None else stated

    # ── parts ──

    def _given(self, section: str | int) -> bool:
        return section in self.spec.model_fields_set

    @staticmethod
    def _bare(where: Where) -> Filter:
        return Filter(
            frozenset(where.category), frozenset(where.condition), frozenset(where.place),
            frozenset(where.source), frozenset(where.object_class), frozenset(where.area_class),
            frozenset(where.tags),
            conditions_of=frozenset(
                (category, code)
                for category, codes in where.conditions_of.items() for code in codes or ("",)
            ),
        )  # fmt: skip

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
        if spec.unit in ("text", "date", "month_day"):
            return str(raw)
        if spec.unit in DURATION_UNITS:
            return self._duration(raw, spec.unit)
        return Decimal(str(raw))

    def _duration(self, raw: bool | Decimal | str, unit: str) -> cal.Duration:
        if unit == "same_day":
            return cal.Duration(amount=Decimal(1), unit=cal.Unit("same_day"), cut_off=str(raw))
        own = {"working_days": self.spec.calendar.working_days,
               "working_hours": self.spec.calendar.working_hours}  # fmt: skip
        counting = own.get(unit)
        amount = Decimal(str(raw))
        if counting is None:
            return cal.Duration(amount=amount, unit=cal.Unit(unit))
        return cal.Duration(
            amount=amount, unit=cal.Unit(unit), boundary=cal.Boundary(counting.boundary),
            counting=cal.Counting(counting.counting), due=cal.Due(counting.due),
        )  # fmt: skip

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
