"""Rules: which facts have which consequences."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.consequences import PatternSpec, WhenSpec
from envrules.report.edition.kinds.facts import fact
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import phrase
from envrules.report.edition.say import Say


def tell_rules(say: Say) -> Iterator[Entry]:
    """Tell when each rule fires, and what follows."""
    for i, rule in enumerate(say.spec.rules):
        yield say.entry(
            "后果", ("rules", i), rule,
            phrase("{}：{}。", _when(say, rule.when), say.then(rule.then, rule.approve)),
            id=f"rules.{rule.id}",
        )  # fmt: skip


def _when(say: Say, when: WhenSpec) -> str:
    """Return the condition of a rule."""
    if when.any:
        said = f"有下列情形之一的（{_facts(say, when.any)}）"
    elif when.all:
        said = f"下列情形同时存在的（{_facts(say, when.all)}）"
    else:
        (kind,) = when.model_fields_set - {"none"}
        said = f"{fact(say, kind, getattr(when, kind))}的"
    return said + (f"，但有下列情形之一的除外（{_facts(say, when.none)}）" if when.none else "")


def _facts(say: Say, patterns: tuple[PatternSpec, ...]) -> str:
    return "；".join(fact(say, *pattern.fact()) for pattern in patterns)
