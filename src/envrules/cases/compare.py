"""Comparing decisions with what a case expects: both ways, and with the nearest miss shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from envrules.cases.model import Pattern, Wanted
from envrules.cases.times import instant_of
from envrules.kinds.compiled import plain
from envrules.model.decisions import Decision
from envrules.wire.times import format_instant


@dataclass(frozen=True, slots=True)
class Failure:
    """One expectation that was not met, or one decision that nobody expected."""

    location: str
    """`file:line` of the expectation, or of the block that lacks one."""
    message: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compares decisions with patterns; local times are times of `zone`."""

    zone: tzinfo

    def matches(self, pattern: Pattern, decision: Decision) -> bool:
        """Return whether the decision has every field that the pattern names."""
        return not self._differences(pattern, decision)

    def decisions(
        self, location: str, wanted: Sequence[Pattern], effective: Sequence[Decision],
        accounted: frozenset[str],
    ) -> list[Failure]:  # fmt: skip
        """Compare all decisions in effect, both ways.

        `accounted` holds the ids of decisions that other expectations have compared already.
        """
        failures: list[Failure] = []
        met: set[str] = set(accounted)
        for pattern in wanted:
            found = [d for d in effective if self.matches(pattern, d)]
            met.update(d.id for d in found)
            failures += self._count(pattern, found, effective)
        return failures + self._besides(
            location, "not expected", [d for d in effective if d.id not in met]
        )

    def _besides(self, location: str, word: str, decisions: Iterable[Decision]) -> list[Failure]:
        """Return a failure for each decision that nobody expected; equal ones share it."""
        alike = Counter((described(d, self.zone), rule_line(d)) for d in decisions)
        return [
            Failure(location, f"{word}: {f'{n} × ' if n > 1 else ''}{said}", (f"by {line}",))
            for (said, line), n in alike.items()
        ]

    def _count(
        self, pattern: Pattern, found: Sequence[Decision], effective: Sequence[Decision]
    ) -> list[Failure]:
        said = said_by(pattern)
        if len(found) != pattern.count:
            alike = Counter(described(d, self.zone) for d in found)
            details = [f"{n} × {said}" for said, n in alike.items()]
            details = details or self._nearest(pattern, effective)
            return [Failure(
                pattern.location, f"expected {pattern.count} of {said}, got {len(found)}",
                tuple(details),
            )]  # fmt: skip
        total = sum((d.content.counted or Decimal(0) for d in found), Decimal(0))
        if pattern.total_counted is not None and total != pattern.total_counted:
            message = f"expected {said} to count {plain(pattern.total_counted)}, got {plain(total)}"
            return [Failure(pattern.location, message)]
        return []

    def emitted(
        self, location: str, wanted: Sequence[Pattern], emitted: Sequence[Decision]
    ) -> list[Failure]:
        """Compare what the rules that `wanted` names have emitted, one by one and in order."""
        got = [d for d in emitted if any(_names(p.rule, d) for p in wanted)]
        failures: list[Failure] = []
        for i, pattern in enumerate(wanted):
            if i >= len(got):
                failures.append(Failure(pattern.location, f"not emitted: {said_by(pattern)}"))
            elif differing := self._differences(pattern, got[i]):
                message = f"expected {said_by(pattern)} as number {i + 1} emitted"
                failures.append(
                    Failure(pattern.location, message, (self._compared(got[i], differing),))
                )
        return failures + self._besides(location, "emitted besides", got[len(wanted) :])

    def never(self, wanted: Iterable[Pattern], emitted: Iterable[Decision]) -> list[Failure]:
        """Return what should never have been issued and was."""
        issued = [d for d in emitted if d.change != "revoke"]
        return [
            Failure(pattern.location, f"never expected {said_by(pattern)}",
                    (described(d, self.zone), f"by {rule_line(d)}"))
            for pattern in wanted for d in issued if self.matches(pattern, d)
        ]  # fmt: skip

    # ── one decision against one pattern ──

    def _differences(self, pattern: Pattern, decision: Decision) -> dict[str, tuple[str, str]]:
        """Return the fields that differ: what was wanted and what there is, as text."""
        found = {}
        for name, wanted in pattern.fields.items():
            difference = self._difference(name, wanted, decision)
            if difference is not None:
                found[name] = difference
        return found

    def _difference(self, name: str, wanted: Any, decision: Decision) -> tuple[str, str] | None:
        if name == "rule":
            fits = _names(str(wanted), decision)
            return None if fits else (str(wanted), decision.content.slot.rule)
        if name in ("value", "since"):
            return _step_difference(name, wanted, decision)
        if name in ("due", "at"):
            at = getattr(decision.content, name)
            if at == instant_of(wanted, self.zone):
                return None
            return str(wanted), "none" if at is None else local_time(at, self.zone)
        got = _GETTERS[name](decision)
        if name in ("reason_contains", "warning_contains"):
            missing = [text for text in wanted if text not in got]
            return (f"“{'”, “'.join(missing)}”", f"“{got}”") if missing else None
        return None if got == wanted else (_text(wanted), _text(got))

    def _nearest(self, pattern: Pattern, effective: Sequence[Decision]) -> list[str]:
        """Return the decision that misses the pattern by least, and how."""
        scored = [(self._differences(pattern, d), d) for d in effective]
        near = [
            (len(differing), d.content.slot.key(), d, differing)
            for differing, d in scored if len(differing) < len(pattern.fields)
        ]  # fmt: skip
        if not near:
            return ["nothing like it holds"]
        _, _, decision, differing = min(near, key=lambda one: (one[0], one[1]))
        return [self._compared(decision, differing)]

    def _compared(self, decision: Decision, differing: Mapping[str, tuple[str, str]]) -> str:
        differences = "; ".join(f"{k} is {g}, not {w}" for k, (w, g) in differing.items())
        said = described(decision, self.zone)
        return f"nearest: {said}: {differences} (by {rule_line(decision)})"


_GETTERS: dict[str, Callable[[Decision], Any]] = {
    "unit": lambda d: d.content.unit,
    "issue": lambda d: d.content.slot.subject.removeprefix("issue:")
    if d.content.slot.subject.startswith("issue:") else next(iter(d.content.issues), ""),
    "issues": lambda d: d.content.issues,
    "events": lambda d: d.content.events,
    "period": lambda d: d.content.period,
    "anchor": lambda d: d.content.slot.anchor,
    "outcome": lambda d: d.content.outcome,
    "title": lambda d: d.content.title,
    "publication": lambda d: d.content.publication,
    "kind": lambda d: d.content.kind,
    "change": lambda d: d.change,
    "points": lambda d: d.content.points,
    "counted": lambda d: d.content.counted,
    "rank": lambda d: d.content.rank,
    "version": lambda d: d.version,
    "consequences": lambda d: tuple(c.words for c in d.content.consequences),
    "actions": lambda d: tuple(c.action for c in d.content.consequences),
    "reason_contains": lambda d: d.content.reason,
    "warning_contains": lambda d: "；".join(d.content.warnings),
}  # fmt: skip


def _names(rule: str, decision: Decision) -> bool:
    return fnmatchcase(decision.content.slot.rule, rule)


def _step_difference(
    name: str, wanted: Mapping[str, str], decision: Decision
) -> tuple[str, str] | None:
    """Compare the value (or since when it has been in force) of the steps that `wanted` names."""
    for rule, value in wanted.items():
        got = [getattr(step, name) for step in decision.content.steps if step.rule == rule]
        if value not in got:
            return f"{rule} {value}", f"{rule} {', '.join(got) or 'not cited'}"
    return None


# ── words ──


def said_by(pattern: Pattern) -> str:
    """Return a pattern as the file has it, on one line."""
    return "{" + ", ".join(f"{k}: {_text(v)}" for k, v in pattern.fields.items()) + "}"


def described(decision: Decision, zone: tzinfo) -> str:
    """Return a decision on one line."""
    c = decision.content
    parts = [c.slot.rule, c.outcome]
    parts += [c.unit] if c.unit else []
    parts += [f"issue {'、'.join(c.issues)}"] if c.issues else []
    parts += [f"period {c.period}"] if c.period else []
    parts += [f"points {plain(c.points)}"] if c.points is not None else []
    parts += [f"counted {plain(c.counted)}"] if c.counted is not None else []
    parts += [f"rank {c.rank}"] if c.rank is not None else []
    parts += [f"due {local_time(c.due, zone)}"] if c.due is not None else []
    parts += [c.publication] if c.publication != "published" else []
    return f"{' '.join(parts)} “{c.reason}”"


def local_time(instant: int, zone: tzinfo) -> str:
    """Return an instant as the file writes times."""
    text = format_instant(instant, zone)[:-6].replace("T", " ")
    return text.removesuffix(":00") if text.count(":") == 2 else text


def rule_line(decision: Decision) -> str:
    """Return where the rule that decided is written."""
    return next((s.location for s in decision.content.steps if s.location), "no rule")


def _text(value: Wanted | None) -> str:
    match value:
        case None:
            return "none"
        case Decimal():
            return plain(value)
        case tuple():
            return f"[{', '.join(value)}]"
        case Mapping():
            return "{" + ", ".join(f"{k}: {v}" for k, v in value.items()) + "}"
    return str(value) or "none"
