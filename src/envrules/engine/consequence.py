"""All consequences of one unit in one period: rules that fired, and the reports they require."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from envrules import calendar as cal
from envrules.engine.chaining import Fired
from envrules.engine.context import live
from envrules.engine.judging import Bench, FactFeed, Inputs, Judgement
from envrules.engine.nodes import Node
from envrules.engine.rungs import show_time
from envrules.kinds import consequences
from envrules.kinds.compiled import Outcome, cite, cite_value
from envrules.kinds.consequences import Fact
from envrules.model.base import Instant
from envrules.model.decisions import Consequence, Content, Publication, Slot
from envrules.model.events import Event, ReportFiled


def judge_consequences(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return the consequences that follow, and the state of every report they require."""
    unit, period, _ = node.parts
    facts = [feed.fact for feed in inputs.fed() if isinstance(feed, FactFeed)]
    reports = [e for e in live(inputs.events) if isinstance(e.payload, ReportFiled)]
    court = _Court(bench, unit, period, reports)
    judged = Judgement()
    for fired in bench.chainer.chain(bench.scheme, facts, court.derive):
        judged.add(court.consequence(fired))
        for outcome in fired.rule.then:
            if outcome.within is not None:
                court.require(fired, outcome, judged)
    return judged


class _Court:
    """The unit and period being judged."""

    def __init__(self, bench: Bench, unit: str, period: str, reports: Sequence[Event]) -> None:
        self.bench, self.scheme = bench, bench.scheme
        self.unit, self.period, self.reports = unit, period, reports

    def derive(self, rule: consequences.Rule, facts: Sequence[Fact]) -> Iterable[Fact]:
        """Yield what a firing leads to: the consequence itself, and reports that are late."""
        fired = Fired(rule, tuple(facts))
        at = self._at(fired)
        held = any(f.held for f in facts)
        events = _events(fired)
        yield Fact("rule", rule.id, self.unit, self.period, at, fired.anchor, events,
                   rule.citation.title, held)  # fmt: skip
        for outcome in rule.then:
            if outcome.within is None:
                continue
            due, filed = self._due(fired, outcome)
            if self._outcome(due, filed) == "overdue":
                note = f"{outcome.words}未在 {show_time(self.scheme.timezone, due)} 前提交"
                yield Fact("late", outcome.words, self.unit, self.period, due, fired.anchor, events,
                           note, held)  # fmt: skip

    def consequence(self, fired: Fired) -> Content:
        """Return the decision for a rule that fired."""
        rule, at = fired.rule, self._at(fired)
        carried = tuple(self._consequence(fired, outcome) for outcome in rule.then)
        words = "、".join(c.words for c in carried)
        why = "；".join(dict.fromkeys(f.note for f in fired.facts if f.note))
        waiting: Publication = "proposed" if rule.needs_approval else "published"
        return Content(
            slot=Slot(self.scheme.slug, rule.citation.id, f"unit:{self.unit}", self._anchor(fired)),
            kind="consequence", outcome=rule.id, title=rule.citation.title,
            reason=f"{self.bench.title(self.unit, at)}：{why}；处理：{words}", at=at, unit=self.unit,
            period=self.period, issues=(fired.anchor,) if fired.anchor else (),
            events=_events(fired), consequences=carried,
            steps=(cite(rule.citation, note=why), *(cite(o.citation) for o in rule.then)),
            publication="held" if any(f.held for f in fired.facts) else waiting,
            revision=self.scheme.revision,
        )  # fmt: skip

    def _consequence(self, fired: Fired, outcome: Outcome) -> Consequence:
        due = self._due(fired, outcome)[0] if outcome.within is not None else None
        return Consequence(outcome.action, outcome.words, outcome.by, due)

    def require(self, fired: Fired, outcome: Outcome, judged: Judgement) -> None:
        """Add the state of a report that the rule requires."""
        assert outcome.within is not None
        due, filed = self._due(fired, outcome)
        state = self._outcome(due, filed)
        if state == "running":
            judged.wake(due + 1)
        held = outcome.within.at(self.scheme.day(self._at(fired)))
        words = {"running": "待提交", "on_time": "按期提交", "overdue": "逾期"}[state]
        limit = show_time(self.scheme.timezone, due)
        who = self.bench.title(self.unit, due)
        reason = f"{who}：{outcome.by}须于 {limit} 前提交{outcome.words}，{words}"
        at = self._at(fired) if state == "running" else due if filed is None else filed.occurred_at
        judged.add(Content(
            slot=Slot(self.scheme.slug, f"{fired.rule.citation.id}.{outcome.words}",
                      f"unit:{self.unit}", self._anchor(fired)),
            kind="duty", outcome=state, title=outcome.words, reason=reason, at=at, unit=self.unit,
            period=self.period, due=due, issues=(fired.anchor,) if fired.anchor else (),
            events=(*_events(fired), *((filed.id,) if filed else ())),
            steps=(cite(fired.rule.citation), cite_value(outcome.within, held)),
            revision=self.scheme.revision,
        ))  # fmt: skip

    def _outcome(self, due: Instant, filed: Event | None) -> str:
        if filed is not None and filed.occurred_at <= due:
            return "on_time"
        return "overdue" if self.bench.context.now > due else "running"

    def _due(self, fired: Fired, outcome: Outcome) -> tuple[Instant, Event | None]:
        """Return the limit of a required report, and the first report that answers it."""
        assert outcome.within is not None
        at = self._at(fired)
        duration: Any = outcome.within.at(self.scheme.day(at)).value
        due = cal.deadline(self.scheme.calendar, at, duration).due
        assert due is not None
        answers = (
            e for e in self.reports
            if isinstance(e.payload, ReportFiled) and e.payload.duty == outcome.words
            and e.occurred_at >= at and e.payload.about == fired.anchor
        )  # fmt: skip
        return due, next(answers, None)

    def _anchor(self, fired: Fired) -> str:
        """An issue may have consequences in several months: each is a decision of its own."""
        return f"{fired.anchor}@{self.period}" if fired.anchor else self.period

    @staticmethod
    def _at(fired: Fired) -> Instant:
        return max(f.at for f in fired.facts)


def _events(fired: Fired) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e for f in fired.facts for e in f.events))
