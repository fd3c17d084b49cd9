"""What every rule kind's section of a ruleset shares."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""Key of a definition: English, lower case, underscores."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\s$.:#,]+$")]
"""A code that events carry or a term of the scheme; Chinese allowed, no blanks."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=400)]

Code = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=128)]
"""A code as the host sends it. Always text: 01 and 1 are different codes."""

ParamRef = Annotated[str, StringConstraints(pattern=r"^\$[a-z][a-z0-9_]*$")]
"""`$name` of a parameter: a number that somebody might tune is never written in the structure."""


class Spec(BaseModel):
    """Base of every section: unknown fields are refused, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exactly_one: ClassVar[tuple[str, ...]] = ()
    """Fields of which one must be given, and no more."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in self.exactly_one if getattr(self, name) not in (None, (), {})]
        if self.exactly_one and len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(self.exactly_one)}")
        return self


class Titled(Spec):
    """What people know by a title."""

    title: Text = Field(description="What it is called in reasons and reports, in Chinese")


class Cited(Spec):
    """What states its clause, or why the document has none."""

    ref: Text | None = Field(
        default=None,
        description="Clause: a key of `sources`, a blank, the clause (m 三2), or several: m 一、三2",
    )
    not_from_source: Text | None = Field(
        default=None, description="The document is silent: why this is our default"
    )


class Sourced(Cited, Titled):
    """A definition: what people call it, and where it comes from."""


class Term(Sourced):
    """A word of the scheme: unit type, place, category, kind of inspection."""


class CategoryTerm(Term):
    """A category of problems, with the filing conditions that its standard tells apart."""

    conditions: dict[Code, Text] = Field(
        default_factory=dict,
        description="filing condition (立案条件) as the host codes it, and what it says; where "
        "some are given, an issue with another one is parked",
    )


class Where(Spec):
    """Which issues a rule applies to. Every given list must contain the issue's value."""

    category: tuple[Word, ...] = Field(default=(), description="categories")
    condition: tuple[str, ...] = Field(
        default=(), description="filing conditions (立案条件), as the host sends them"
    )
    conditions_of: dict[Word, tuple[Code, ...]] = Field(
        default_factory=dict,
        description="category to its filing conditions; an empty list: whichever condition",
    )
    place: tuple[Word, ...] = Field(default=(), description="kinds of place")
    source: tuple[Word, ...] = Field(default=(), description="how it came to light")
    object_class: tuple[Literal["component", "event"], ...] = Field(
        default=(), description="component 部件, event 事件"
    )
    area_class: tuple[Word, ...] = Field(
        default=(), description="classes of area, as the host sends them"
    )
    tags: tuple[Word, ...] = Field(default=(), description="at least one of these tags")
    classes: tuple[Slug, ...] = Field(
        default=(), description="classes that it belongs to; declared under `classes`"
    )
    campaign: tuple[Slug, ...] = Field(
        default=(), description="found inside the window of one of these campaigns"
    )


Colour = Literal[
    "red", "orange", "yellow", "green", "blue", "white", "black", "grey", "gold", "purple"
]  # fmt: skip
"""How a result is shown on the map and in reports; what it is called is its title."""

Start = Literal["found", "accepted", "filed", "registered", "dispatched"]
Stop = Literal["handled", "verified", "closed"]
"""`verified`: a claimed rectification stops the clock at the time of the claim, but only once a
check has passed it; a failed check resumes the clock as if it had never stopped."""


class Require(Spec):
    """A duty that a consequence lays on the unit: hand in a report before the limit."""

    require: Word = Field(
        description="what the report is called: a key of `consequences`, the `duty` of its event"
    )
    by: Text = Field(description="who must act, e.g. 支部书记")
    within: ParamRef = Field(description="limit, counted from the time of the consequence")


Then = tuple[Word | Require, ...]
"""Consequences by the scheme's own words (keys of `consequences`), and duties."""
