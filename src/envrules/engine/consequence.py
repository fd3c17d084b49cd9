"""All consequences of one unit in one period: rules that fired, and the reports they require."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from envrules import calendar as cal
from envrules.engine.appeals import too_late
from envrules.engine.chaining import Fired
from envrules.engine.context import live
from envrules.engine.judging import Bench, FactFeed, Inputs, Judgement
from envrules.engine.nodes import Node
from envrules.engine.publication import publish
from envrules.kinds.compiled import Outcome, cite, cite_value
from envrules.kinds.consequences import Fact, FactKind
from envrules.kinds.deadlines import unpublished
from envrules.model.base import Instant
from envrules.model.decisions import Consequence, Content, Publication, Slot, Step
from envrules.model.entries import Act
from envrules.model.events import Event, ReportFiled


def judge_consequences(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return the consequences that follow, and the state of every report they require."""
    unit, period, _ = node.parts
    facts = [feed.fact for feed in inputs.fed() if isinstance(feed, FactFeed)]
    court = _Court(bench, unit, period, live(inputs.events), inputs.acts)
    judged = Judgement()
    for fired in bench.chainer.chain(bench.scheme, facts, court.derive):
        consequence = court.consequence(fired)
        judged.add(consequence)
        standing = court.settled(consequence).publication
        if standing == "revoked":
            continue
        for outcome in fired.rule.then:
            if outcome.within is not None:
                report, wake_at = court.report(fired, outcome, standing == "held")
                judged.add(report)
                judged.wake(wake_at)
    return judged


class _Court:
    """The unit and period being judged."""

    def __init__(
        self, bench: Bench, unit: str, period: str, events: Sequence[Event], acts: Sequence[Act]
    ) -> None:
        self.bench, self.scheme = bench, bench.scheme
        self.unit, self.period = unit, period
        self.events, self.acts = events, acts

    def settled(self, content: Content) -> Content:
        """Return a decision as acts and appeals leave it: what follows from it follows it."""
        late = too_late(self.bench, content, self.events)
        return publish(content, self.acts, [e for e in self.events if e.id not in late])

    def derive(self, fired: Fired) -> Iterable[Fact]:
        """Yield what a firing leads to: the consequence itself, and reports that are late."""
        rule = fired.rule
        consequence = self.settled(self.consequence(fired))
        if consequence.publication == "revoked":
            return
        held = consequence.publication == "held"
        yield self._fact("rule", rule.id, fired, consequence, rule.citation.title, held)
        for outcome in rule.then:
            if outcome.within is None:
                continue
            report = self.settled(self.report(fired, outcome, held)[0])
            if report.outcome == "overdue" and report.publication != "revoked":
                assert report.due is not None
                limit = cal.limit_text(self.scheme.timezone, report.due)
                note = f"{outcome.words}未在 {limit} 前提交"
                late = replace(report, at=report.due)
                waits = report.publication == "held"
                yield self._fact("late", outcome.words, fired, late, note, waits)

    def _fact(
        self, kind: FactKind, name: str, fired: Fired, content: Content, note: str, held: bool
    ) -> Fact:
        return Fact(kind, name, self.unit, self.period, content.at, fired.anchor, _events(fired),
                    note, held, content.steps)  # fmt: skip

    def consequence(self, fired: Fired) -> Content:
        """Return the decision for a rule that fired.

        Its time and reason are those of its first cause; later causes add evidence, not words, so
        what has been approved stays approved.
        """
        rule, at = fired.rule, self._at(fired)
        limits = [self._limit(fired, o) if o.within is not None else None for o in rule.then]
        carried = tuple(
            Consequence(o.action, o.words, o.by, limit.due if limit is not None else None)
            for o, limit in zip(rule.then, limits, strict=True)
        )
        words = "、".join(c.words for c in carried)
        why = _why(fired.facts)
        waiting: Publication = "proposed" if rule.needs_approval else "published"
        return Content(
            slot=Slot(self.scheme.slug, rule.citation.id, f"unit:{self.unit}", self._anchor(fired)),
            kind="consequence", outcome=rule.id, title=rule.citation.title,
            reason=f"{self.bench.title(self.unit, at)}：{why}；处理：{words}", at=at, unit=self.unit,
            period=self.period, issues=(fired.anchor,) if fired.anchor else (),
            events=_events(fired), consequences=carried, steps=self._steps(fired),
            warnings=tuple(
                dict.fromkeys(w for x in limits if x is not None for w in unpublished(x))
            ),
            publication="held" if any(f.held for f in fired.facts) else waiting,
            revision=self.scheme.revision,
        )  # fmt: skip

    def _steps(self, fired: Fired) -> tuple[Step, ...]:
        """The steps of the facts, the rule, its words; further causes name themselves."""
        rule = fired.rule
        steps = [
            *(step for fact in fired.facts for step in fact.steps),
            cite(rule.citation, note=_why(fired.facts)),
            *(cite(outcome.citation) for outcome in rule.then),
        ]
        for fact in fired.further:
            steps += [*fact.steps, cite(rule.citation, note=f"另有：{fact.note}")]
        return tuple(dict.fromkeys(steps))

    def report(self, fired: Fired, outcome: Outcome, held: bool) -> tuple[Content, Instant | None]:
        """Return the state of a report that the rule requires, and when it will be late."""
        assert outcome.within is not None
        limit, at = self._limit(fired, outcome), self._at(fired)
        due = limit.due
        assert due is not None
        filed = self._answer(fired, outcome)
        state = self._outcome(limit, filed)
        in_force = outcome.within.at(self.scheme.day(at))
        words = {"running": "待提交", "on_time": "按期提交", "overdue": "逾期"}[state]
        shown = cal.limit_text(self.scheme.timezone, due)
        who = self.bench.title(self.unit, due)
        content = Content(
            slot=Slot(self.scheme.slug, f"{fired.rule.citation.id}.{outcome.words}",
                      f"unit:{self.unit}", self._anchor(fired)),
            kind="duty", outcome=state, title=outcome.words,
            reason=f"{who}：{outcome.by}须于 {shown} 前提交{outcome.words}，{words}",
            at=at if state == "running" else due if filed is None else filed.occurred_at,
            unit=self.unit, period=self.period, due=due,
            issues=(fired.anchor,) if fired.anchor else (),
            events=(*_events(fired), *((filed.id,) if filed else ())),
            steps=(cite(fired.rule.citation), cite_value(outcome.within, in_force)),
            warnings=unpublished(limit), publication="held" if held else "published",
            revision=self.scheme.revision,
        )  # fmt: skip
        return content, limit.runs_out if state == "running" else None

    def _outcome(self, limit: cal.Deadline, filed: Event | None) -> str:
        if not cal.is_on_time(limit, filed.occurred_at if filed else self.bench.context.now):
            return "overdue"
        return "on_time" if filed else "running"

    def _limit(self, fired: Fired, outcome: Outcome) -> cal.Deadline:
        """Return the limit of a required report."""
        assert outcome.within is not None
        at = self._at(fired)
        duration: Any = outcome.within.at(self.scheme.day(at)).value
        return cal.deadline(self.scheme.calendar, at, duration)

    def _answer(self, fired: Fired, outcome: Outcome) -> Event | None:
        """Return the first report that answers a requirement."""
        answers = (
            e for e in self.events
            if isinstance(e.payload, ReportFiled) and e.payload.duty == outcome.words
            and e.occurred_at >= self._at(fired) and e.payload.about == fired.anchor
        )  # fmt: skip
        return next(answers, None)

    def _anchor(self, fired: Fired) -> str:
        """An issue may have consequences in several months: each is a decision of its own."""
        return f"{fired.anchor}@{self.period}" if fired.anchor else self.period

    @staticmethod
    def _at(fired: Fired) -> Instant:
        return max(f.at for f in fired.facts)


def _why(facts: Sequence[Fact]) -> str:
    return "；".join(dict.fromkeys(f.note for f in facts if f.note))


def _events(fired: Fired) -> tuple[str, ...]:
    """Return the causing events, those of the first cause first."""
    return tuple(dict.fromkeys(e for f in (*fired.facts, *fired.further) for e in f.events))
