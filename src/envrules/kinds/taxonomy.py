"""Taxonomy: which class of the scheme an issue belongs to, and what is excluded from judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import Field

from envrules.kinds.common import Slug, Sourced, Where, Word
from envrules.kinds.compiled import Filter
from envrules.model.events import IssueFound
from envrules.model.values import Citation


class ClassSpec(Sourced):
    """A class of issues; an issue belongs to the first one whose `where` describes it."""

    id: Slug = Field(description="key, as in `where: {classes: [id]}`")
    where: Where = Where()


class ExclusionSpec(Sourced):
    """Issues that are none, if the ledger says everything that the clause asks for."""

    id: Slug = Field(description="key, as in `exclusions.id`")
    where: Where = Where()
    fields: dict[Word, tuple[Word, ...]] = Field(
        min_length=1,
        description="ledger fields, each with the values that satisfy it; none: any text does",
    )


@dataclass(frozen=True, slots=True)
class Class:
    """Compiled `classes` entry."""

    id: str
    citation: Citation
    where: Filter


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Compiled `exclusions` entry."""

    id: str
    citation: Citation
    where: Filter
    fields: Mapping[str, tuple[str, ...]]


def class_of(classes: Sequence[Class], found: IssueFound, day: date) -> Class | None:
    """Return the first class that describes the issue, or None."""
    return next((one for one in classes if one.where.holds(found, day)), None)


def excluded(
    exclusions: Sequence[Exclusion], found: IssueFound, ledger: Mapping[str, str], day: date
) -> Exclusion | None:
    """Return the exclusion that frees the issue from judgement, if its ledger proves one."""
    for one in exclusions:
        if one.where.holds(found, day) and not unmet(one.fields, ledger):
            return one
    return None


def unmet(fields: Mapping[str, tuple[str, ...]], ledger: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ledger fields that do not say what is asked: empty, or with another value."""
    return tuple(
        name for name, values in fields.items()
        if not ledger.get(name) or (values and ledger[name] not in values)
    )  # fmt: skip
