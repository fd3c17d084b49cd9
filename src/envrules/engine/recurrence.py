"""All issues that are the same to a recurrence: which of them is an earlier one come again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from envrules import calendar as cal
from envrules.engine.judging import Bench, Inputs, Judgement, RecurredFeed, SightingFeed
from envrules.engine.nodes import Node, score_node
from envrules.engine.rungs import show_time
from envrules.kinds.compiled import cite
from envrules.kinds.consequences import Fact
from envrules.kinds.recurrences import Again, History, Recurrence, Sighting
from envrules.model.decisions import Content, Slot
from envrules.model.values import NoValueInForce

_SAME = {"unit": "单位", "place": "地点类型", "category": "类别", "point": "点位", "grid": "网格"}


def judge_recurrence(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return what came again, what is reopened by it, and what follows.

    Each issue is judged by the rules of the month that it was found in.
    """
    sightings = [feed.sighting for feed in inputs.fed() if isinstance(feed, SightingFeed)]
    judged = Judgement()
    by_rules: dict[str, tuple[Bench, list[Sighting]]] = {}
    for sighting in sightings:
        month = cal.period_of(bench.scheme.timezone, sighting.found, "month")
        rules = bench.rules(month)
        by_rules.setdefault(rules.revision, (replace(bench, scheme=rules), []))[1].append(sighting)
    for court, new in by_rules.values():
        known = (r for r in court.scheme.recurrences if r.id == node.parts[0])
        for recurrence in known:
            _judge(court, History.of(recurrence, sightings), new, judged)
    return judged


def _judge(bench: Bench, history: History, found: Sequence[Sighting], judged: Judgement) -> None:
    """Judge the issues that these rules judge, each against all that were there before it."""
    scheme, recurrence = bench.scheme, history.recurrence
    for sighting in found:
        try:
            again = history.judge(sighting, scheme.day(sighting.found), scheme.calendar)
        except NoValueInForce as missing:
            judged.add(_no_value(bench, recurrence, sighting, missing))
            continue
        if again is not None:
            _recurred(bench, recurrence, again, history.word, judged)


def _recurred(
    bench: Bench, recurrence: Recurrence, again: Again, word: str, judged: Judgement
) -> None:
    new, before, scheme = again.again, again.before, bench.scheme
    same = "、".join(_SAME[name] for name in recurrence.same)
    note = (
        f"案件 {before.issue} 于 {show_time(scheme.timezone, again.since)} {word}，"
        f"{again.window}之内同一{same}又发现案件 {new.issue}"
    )
    content = _content(bench, recurrence, again, new, "recurred", note)
    judged.add(content)
    if recurrence.reopens:
        said = f"{note}，案件 {before.issue} 视为未了结"
        judged.add(_content(bench, recurrence, again, before, "reopened", said))
    month = cal.period_of(scheme.timezone, new.found, "month")
    fact = Fact(
        "recurred", recurrence.id, new.unit, month, new.found, new.issue, content.events, note
    )  # fmt: skip
    bench.tell(judged, fact, content.slot)
    told = RecurredFeed(recurrence.id, content.events, note, content.slot)
    for kind, period, rules in bench.periods(new.found):
        for name, demotion in rules.demotions.items():
            score = rules.score(name)
            lowers = demotion.recurred == recurrence.id and new.unit_type in score.units
            if lowers and score.period == kind:
                judged.feed(score_node(scheme.slug, name, period, new.unit), told)


def _content(
    bench: Bench, recurrence: Recurrence, again: Again, about: Sighting, outcome: str, reason: str
) -> Content:
    """Return the decision about one of the two issues; it is tied to the new one's finding."""
    new, before = again.again, again.before
    return Content(
        slot=_slot(bench, recurrence, about, new), kind="recurrence", outcome=outcome,
        title=recurrence.citation.title, reason=reason, at=new.found, unit=about.unit,
        issues=(new.issue, before.issue), events=(before.event, *before.proof, new.event),
        steps=again.steps, warnings=again.warnings, revision=bench.scheme.revision,
    )  # fmt: skip


def _slot(bench: Bench, recurrence: Recurrence, about: Sighting, new: Sighting) -> Slot:
    return Slot(bench.scheme.slug, recurrence.citation.id, f"issue:{about.issue}", new.event)


def _no_value(
    bench: Bench, recurrence: Recurrence, sighting: Sighting, missing: NoValueInForce
) -> Content:
    reason = f"{missing.citation.title}在 {missing.day} 没有生效的值，无法判定是否再次发生"
    return Content(
        slot=_slot(bench, recurrence, sighting, sighting), kind="recurrence", outcome="no_value",
        title="缺少生效的值", reason=reason, at=sighting.found, unit=sighting.unit,
        issues=(sighting.issue,), events=(sighting.event,),
        steps=(cite(missing.citation, note=reason),), revision=bench.scheme.revision,
    )  # fmt: skip
