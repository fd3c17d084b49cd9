"""One unit's way through a gate: which steps have their evidence, which have been passed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from envrules import calendar as cal
from envrules.engine.context import live
from envrules.engine.judging import Bench, Inputs, Judgement, consequences
from envrules.engine.nodes import Node
from envrules.engine.registry import FOREVER, Unit
from envrules.kinds.compiled import cite, cite_value, compare, plain
from envrules.kinds.consequences import Fact
from envrules.kinds.gates import Gate, GateStep
from envrules.kinds.rounding import round_half_up
from envrules.model.base import Instant
from envrules.model.decisions import Content, Slot, Step
from envrules.model.events import ApprovalGiven, Event, IndicatorMeasured, ReportFiled


def judge_gate(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return every step of a unit's gate, and the sum that has fallen due."""
    gate_id, unit = node.parts
    gate, judged = bench.scheme.gate(gate_id), Judgement()
    events = live(inputs.events)
    if not events:
        return judged
    # The unit as it was at the latest event, since it was first declared to be of such a type:
    # neither time nor another declaration changes when a step was reached.
    at, registry = max(e.occurred_at for e in events), bench.context.registry
    known = registry.unit(unit, at)
    life = registry.life(unit, gate.units, -FOREVER, at + 1)
    if known is None or known.type not in gate.units or life is None:
        return judged
    known = replace(known, since=life.since)
    amount, source = _amount(bench, gate, known)
    if amount is None:
        judged.add(_content(bench, gate, unit, "total", "incomplete", source.note, known.since,
                            (), (source,)))  # fmt: skip
        return judged
    passage = _Passage(bench, gate, known, events, amount, source)
    passage.through(judged)
    return judged


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What a step has to show, since when, and what it lacks."""

    at: Instant
    events: tuple[str, ...]
    steps: tuple[Step, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Passage:
    """A unit on its way through a gate."""

    bench: Bench
    gate: Gate
    unit: Unit
    events: Sequence[Event]
    amount: Decimal
    source: Step
    """Where the sum comes from."""

    def through(self, judged: Judgement) -> None:
        """Judge the steps in order: none is reached before the one above it."""
        before: _Evidence | None = None
        blocked = ""
        share, due, paid = Fraction(0), Decimal(0), Decimal(0)
        causes: tuple[str, ...] = ()
        for step in self.gate.steps:
            reached = self._evidence(step, before, blocked)
            if reached.missing:
                judged.add(self._waiting(step, reached))
                blocked = blocked or step.citation.title
                continue
            held = step.share.at(self.bench.scheme.day(reached.at))
            share += step.share.share(held.value)
            upto = round_half_up(Fraction(self.amount) * share)
            tranche, due = upto - due, upto
            before = reached
            causes = tuple(dict.fromkeys((*causes, *reached.events)))
            why = (*reached.steps, self.source, cite_value(step.share, held))
            paid += self._reached(step, reached, tranche, why, judged)
        self._total(before, due, paid, causes, judged)

    # ── evidence ──

    def _evidence(self, step: GateStep, before: _Evidence | None, blocked: str) -> _Evidence:
        """Return what the step has to show; nothing while one above it is `blocked`."""
        since = before.at if before is not None else self.unit.since
        steps: list[Step] = [cite(step.citation)]
        if blocked:
            return _Evidence(since, (), tuple(steps), (blocked,))
        found: list[Event] = []
        missing: list[str] = []
        for word in step.needs:
            report = next((e for e in self._reports(word)), None)
            if report is None:
                missing.append(word)
            else:
                found.append(report)
        if step.at_least is not None:
            event, least = self._progress(step)
            if event is None:
                missing.append(least.note)
            else:
                found.append(event)
            steps.append(least)
        at = max([since, *(e.occurred_at for e in found)]) if not missing else since
        return _Evidence(at, tuple(e.id for e in found), tuple(steps), tuple(missing))

    def _reports(self, word: str) -> list[Event]:
        return [
            e for e in self.events if isinstance(e.payload, ReportFiled) and e.payload.duty == word
        ]

    def _progress(self, step: GateStep) -> tuple[Event | None, Step]:
        """Return since which measurement the progress has been enough; a later, lower one undoes it."""
        assert step.at_least is not None
        since: Event | None = None
        latest: Decimal | None = None
        day = self.bench.scheme.day(self.unit.since)
        for event in self.events:
            payload = event.payload
            if not isinstance(payload, IndicatorMeasured) or payload.indicator != step.indicator:
                continue
            latest, day = _measured(payload), self.bench.scheme.day(event.occurred_at)
            if latest is None:
                continue
            enough = compare(latest, "at_least", step.at_least.at(day).value)
            since = (since or event) if enough else None
        held = step.at_least.at(day)
        shown = "未报" if latest is None else plain(latest)
        note = f"{step.indicator} {shown}，须达 {step.at_least.text(held.value)}"
        return since, cite_value(step.at_least, held, note)

    # ── decisions ──

    def _waiting(self, step: GateStep, evidence: _Evidence) -> Content:
        reason = f"{self._name()} {step.citation.title}：尚缺{'、'.join(evidence.missing)}"
        return _content(self.bench, self.gate, self.unit.id, step.id, "waiting", reason,
                        evidence.at, evidence.events, evidence.steps, step,
                        Decimal(0))  # fmt: skip

    def _reached(
        self, step: GateStep, reached: _Evidence, tranche: Decimal, why: tuple[Step, ...],
        judged: Judgement,
    ) -> Decimal:  # fmt: skip
        """Record a step that has its evidence; return what of it has passed every organ."""
        passed = self._passed(step, judged)
        waits, at = (passed[1], reached.at) if passed[0] is None else ("", passed[0])
        at = max(at, reached.at)
        money = f"{plain(tranche)} 元"
        outcome = "due" if waits else "released"
        note = f"{step.citation.title}：条件具备，应拨 {money}"
        note += f"，{waits}" if waits else ""
        causes = tuple(dict.fromkeys((*reached.events, *passed[2])))
        content = _content(self.bench, self.gate, self.unit.id, step.id, outcome,
                           f"{self._name()} {note}", at, causes, why, step, tranche)  # fmt: skip
        judged.add(content)
        if waits:
            return Decimal(0)
        scheme = self.bench.scheme
        month = cal.period_of(scheme.timezone, at, "month")
        fact = Fact("gate", f"{self.gate.id}.{step.id}", self.unit.id, month, at, "", causes,
                    note)  # fmt: skip
        self.bench.tell(judged, fact, content.slot)
        return tranche

    def _passed(
        self, step: GateStep, judged: Judgement
    ) -> tuple[Instant | None, str, tuple[str, ...]]:
        """Return when the last organ passed the application, else what it waits for."""
        gate = self.gate
        if not gate.chain:
            return self.unit.since, "", ()
        application = next(
            (e for e in self._reports(gate.application)
             if isinstance(e.payload, ReportFiled) and e.payload.about == step.id), None
        )  # fmt: skip
        if application is None:
            return None, f"待提交{gate.application}", ()
        causes = [application.id]
        waiting = list(gate.chain)
        at = application.occurred_at
        for event in self.events:
            payload = event.payload
            if not isinstance(payload, ApprovalGiven) or payload.target != application.id:
                continue
            if payload.revoked:
                if payload.organ in gate.chain:
                    waiting = list(gate.chain[gate.chain.index(payload.organ) :])
                continue
            if waiting and payload.organ == waiting[0]:
                waiting.pop(0)
                causes.append(event.id)
                at = event.occurred_at
            elif payload.organ not in gate.chain or payload.organ in waiting:
                self._refuse(step, event, payload.organ, waiting[0], judged)
        if waiting:
            return None, f"待{waiting[0]}审核", tuple(causes)
        return at, "", tuple(causes)

    def _refuse(
        self, step: GateStep, event: Event, organ: str, first: str, judged: Judgement
    ) -> None:
        reason = f"{step.citation.title}应先经{first}审核，{organ}的审核不生效"
        judged.add(_content(self.bench, self.gate, self.unit.id, event.id, "rejected", reason,
                            event.occurred_at, (event.id,), (cite(step.citation, note=reason),),
                            ))  # fmt: skip

    def _total(
        self, last: _Evidence | None, due: Decimal, paid: Decimal, causes: tuple[str, ...],
        judged: Judgement,
    ) -> None:  # fmt: skip
        title = self.gate.citation.title
        outcome = "waiting" if last is None else "released" if paid == due else "due"
        reason = f"{self._name()} {title}：共 {plain(self.amount)} 元，累计应拨 {plain(due)} 元"
        if paid != due:
            reason += f"，其中已审核 {plain(paid)} 元"
        at = last.at if last is not None else self.unit.since
        steps = (cite(self.gate.citation), self.source)
        judged.add(_content(self.bench, self.gate, self.unit.id, "total", outcome, reason, at,
                            causes, steps, None, due))  # fmt: skip

    def _name(self) -> str:
        return self.bench.title(self.unit.id, max(e.occurred_at for e in self.events))


def _content(
    bench: Bench, gate: Gate, unit: str, anchor: str, outcome: str, reason: str, at: Instant,
    events: tuple[str, ...], steps: tuple[Step, ...], step: GateStep | None = None,
    points: Decimal | None = None,
) -> Content:  # fmt: skip
    released = step is not None and outcome == "released"
    rule = f"gates.{gate.id}.{step.id}" if step is not None else f"gates.{gate.id}"
    return Content(
        slot=Slot(bench.scheme.slug, rule, f"unit:{unit}", anchor), kind="gate", outcome=outcome,
        title=(step or gate).citation.title, reason=reason, at=at, unit=unit, points=points,
        events=events, consequences=consequences(step.then) if released and step else (),
        steps=steps,
        publication="proposed" if released and step and step.needs_approval else "published",
        revision=bench.scheme.revision,
    )  # fmt: skip


def _amount(bench: Bench, gate: Gate, unit: Unit) -> tuple[Decimal | None, Step]:
    """Return the unit's sum and where it comes from; None for an attribute that is no sum."""
    text = unit.attributes.get(gate.attribute, "") if gate.attribute else ""
    if not text:
        held = gate.amount.at(bench.scheme.day(unit.since))
        return Decimal(str(held.value)), cite_value(gate.amount, held)
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        note = f"{gate.attribute}“{text}”不是金额，无法计算{gate.citation.title}"
        return None, cite(gate.citation, note=note)
    return amount, cite(gate.citation, value=f"{plain(amount)} 元", note=f"登记的{gate.attribute}")


def _measured(payload: IndicatorMeasured) -> Decimal | None:
    """Return the measured value, or numerator / denominator in percent."""
    if payload.value is not None:
        return payload.value
    if not payload.denominator or payload.numerator is None:
        return None
    return round_half_up(100 * Fraction(payload.numerator) / Fraction(payload.denominator))
