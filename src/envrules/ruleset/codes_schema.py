"""The shape of a code table: what a host platform's codes are called in a scheme."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from envrules.kinds.common import Code, Slug, Spec, Text, Word


class EntrySpec(Spec):
    """One code of the host, and the scheme's words for it."""

    class_: Literal["component", "event"] | None = Field(
        default=None, alias="class", description="component 部件, event 事件; either when left out"
    )
    large: Code | None = Field(default=None, description="large class 大类")
    small: Code | None = Field(default=None, description="small class 小类")
    condition: Code | None = Field(default=None, description="filing condition 立案条件")
    category_code: Code | None = Field(
        default=None, description="what a host with one code for all sends as the category"
    )
    category: Word = Field(description="the scheme's category; any word where it declares none")
    place: Word | None = Field(default=None, description="kind of place, where the event has none")
    tags: tuple[Word, ...] = Field(default=(), description="tags that the issue bears from then on")
    title: Text | None = Field(default=None, description="what the host calls it")

    @model_validator(mode="after")
    def _names_a_code(self) -> Self:
        if not (self.large or self.small or self.category_code):
            raise ValueError("add the code that it maps: large, small or category_code")
        if self.condition and not (self.small or self.category_code):
            raise ValueError("add the small class that the filing condition belongs to")
        return self


class CodeTableSpec(Spec):
    """One host's code table, for one scheme."""

    codes: Slug = Field(description="what the table is called, such as the platform's name")
    title: Text = Field(description="title of the code list that it is made from")
    scheme: Slug = Field(description="key of the ruleset whose words the codes are read as")
    places: dict[Code, Word] = Field(
        default_factory=dict, description="the host's kinds of place to the scheme's places"
    )
    entries: tuple[EntrySpec, ...] = Field(
        default=(), description="the codes of categories, each with its conditions once"
    )
