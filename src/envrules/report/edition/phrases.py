"""Sentences as the edition keeps them: text in which values and our own defaults stay marked.

Renderers write `phrase("满分 {} 分", ...)`; only the writers (HTML, text) know how a mark looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, TypeAlias

Mark = Literal["plain", "value", "local", "general", "contradicted"]
"""`value`: a parameter that a clause gives. `local`: one that the document does not give.
`contradicted`: one that chooses a reading where the document contradicts itself. `general`: the
ruleset leaves it to the rule kind."""

MARKS: dict[Mark, str] = {"local": "本地默认", "contradicted": "原文矛盾", "general": "通用默认"}
"""What is written beside a span of this kind."""


_MEETING = re.compile(r"[\u4e00-\u9fff][0-9A-Za-z]|[0-9A-Za-z][\u4e00-\u9fff]")


class Span(NamedTuple):
    """A piece of a sentence."""

    text: str
    mark: Mark = "plain"
    parameter: str = ""
    """The parameter whose value this is."""


Phrase: TypeAlias = tuple[Span, ...]


def phrase(template: str, *parts: str | Phrase) -> Phrase:
    """Return the template with each `{}` replaced by a part, in order."""
    texts = template.split("{}")
    if len(texts) != len(parts) + 1:
        raise ValueError(f"{template!r} takes {len(texts) - 1} parts, not {len(parts)}")
    spans = [Span(texts[0])]
    for part, text in zip(parts, texts[1:], strict=True):
        spans += [Span(part)] if isinstance(part, str) else part
        spans.append(Span(text))
    return tuple(_spaced(span for span in spans if span.text))


def _spaced(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield the spans with a blank wherever a Chinese character meets a digit or Latin letter."""
    before = ""
    for span in spans:
        if _MEETING.fullmatch(before + span.text[0]):
            yield Span(" ")
        yield span
        before = span.text[-1] if span.mark not in MARKS else ""  # a tag stands between


def joined(parts: Iterable[str | Phrase], between: str = "、") -> Phrase:
    """Return the parts in one phrase, with a sign between."""
    found = [part for part in parts if part]
    return phrase(between.join("{}" for _ in found), *found)


def in_text(told: Phrase) -> str:
    """Return a phrase as plain text, its marks in brackets."""
    return "".join(
        f"{span.text}〔{MARKS[span.mark]}〕" if span.mark in MARKS else span.text for span in told
    )


def parameters_in(told: Phrase) -> list[str]:
    """Return the parameters whose values a phrase tells."""
    return [span.parameter for span in told if span.parameter]
