"""What every rule kind's section of a ruleset shares."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""Key of a definition: English, lower case, underscores."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\s$.:#,]+$")]
"""A code that events carry or a term of the scheme; Chinese allowed, no blanks."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=400)]

ParamRef = Annotated[str, StringConstraints(pattern=r"^\$[a-z][a-z0-9_]*$")]
"""`$name` of a parameter: a number that somebody might tune is never written in the structure."""


class Spec(BaseModel):
    """Base of every section: unknown fields are refused, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Sourced(Spec):
    """A definition that states its clause, or why the document has none."""

    title: Text
    ref: Text | None = Field(
        default=None,
        description="Clause: a key of `sources`, a blank, the clause (m 三2), or several: m 一、三2",
    )
    not_from_source: Text | None = Field(
        default=None, description="The document is silent: why this is our default"
    )


class Term(Sourced):
    """A word of the scheme: unit type, place, category, kind of inspection."""


class Where(Spec):
    """Which issues a rule applies to. Every given list must contain the issue's value."""

    category: tuple[Word, ...] = ()
    condition: tuple[str, ...] = ()
    place: tuple[Word, ...] = ()
    source: tuple[Word, ...] = ()
    object_class: tuple[Literal["component", "event"], ...] = ()
    area_class: tuple[Word, ...] = ()
    tags: tuple[Word, ...] = Field(default=(), description="at least one of these tags")
    classes: tuple[Slug, ...] = Field(default=(), description="keys of `classes`")
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

    require: Word
    by: Text = Field(description="who must act, e.g. 支部书记")
    within: ParamRef


Then = tuple[Word | Require, ...]
"""Consequences by the scheme's own words (keys of `consequences`), and duties."""
