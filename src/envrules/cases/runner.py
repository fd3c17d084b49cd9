"""Running worked cases: one locality each, in memory, on the engine that serves everyone."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from envrules import calendar as cal
from envrules.calendar.localtime import zone as zone_named
from envrules.cases.compare import Comparer, Failure, described, said_by
from envrules.cases.coverage import touched_by, unknown_rules, untested
from envrules.cases.figures import compare_list, compare_standings
from envrules.cases.model import (
    ActStep,
    Case,
    CaseFile,
    CloseStep,
    EventStep,
    Expectations,
    ExpectStep,
    Overrides,
    PublishStep,
    Step,
    TickStep,
)
from envrules.cases.results import CaseResult, FileResult, SchemeFactory
from envrules.cases.times import instant_of
from envrules.engine.chaining import Chainer
from envrules.engine.memory import MemoryLocality
from envrules.engine.standings import standings
from envrules.errors import RulesetError
from envrules.model.base import Instant
from envrules.model.decisions import Decision
from envrules.model.entries import Act, Arrived, Closed, Published, Tick
from envrules.model.events import AppealDecided, AppealFiled, Event, UnitDeclared
from envrules.ruleset.compile import Scheme
from envrules.wire.problems import Invalid

_LOCALITY = "case"


def run_file(file: CaseFile, schemes: SchemeFactory) -> FileResult:
    """Run every case of a file."""
    chainer = Chainer()
    try:
        scheme = schemes({})
    except RulesetError as error:
        failures = tuple(Failure(f"{p.file}:{p.line}", str(p)) for p in error.problems)
        return FileResult(file, (), (), failures)
    results = tuple(run_case(case, schemes, chainer) for case in file.cases)
    return FileResult(file, results, tuple(untested(scheme, (r.touched for r in results))))


def run_case(
    case: Case, schemes: SchemeFactory, chainer: Chainer | None = None,
    named: Scheme | None = None,
) -> CaseResult:  # fmt: skip
    """Run one case. Nothing is raised: whatever goes wrong is a failure of the case.

    `schemes` gives the scheme for the case's overrides and code table; `chainer` may be shared
    between cases; `named` has the rules that the case may name, if they are not those of the
    scheme itself.
    """
    run = None
    try:
        run = _Run(case, schemes, chainer or Chainer(), named)
        run.all()
    except _Stop as stop:
        failures = [*(run.failures if run else ()), stop.failure]
    except Exception:
        last = traceback.format_exc().strip().splitlines()
        failures = [Failure(case.location, "the engine raised " + last[-1], tuple(last[-7:-1]))]
    else:
        failures = run.failures
    if run is None:
        return CaseResult(case, tuple(failures), (), (), frozenset())
    log, emitted = tuple(run.locality.log.rows), tuple(run.locality.emitted())
    return CaseResult(case, tuple(failures), log, emitted, frozenset(run.touched))


class _Stop(Exception):
    """A step that cannot be taken ends the case."""

    def __init__(self, location: str, message: str, details: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.failure = Failure(location, message, tuple(details))


@dataclass(slots=True)
class _Run:
    """A case under way."""

    case: Case
    schemes: SchemeFactory
    chainer: Chainer
    named: Scheme | None
    failures: list[Failure] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    locality: MemoryLocality = field(init=False)
    scheme: Scheme = field(init=False)
    zone: tzinfo = field(init=False)
    _overrides: Overrides = field(init=False)
    _codes: str = field(init=False)
    _revisions: dict[str, Scheme] = field(init=False, default_factory=dict)
    _after_step: list[int] = field(init=False, default_factory=list)
    """Last log entry after each step."""

    def __post_init__(self) -> None:
        self.locality = MemoryLocality(_LOCALITY, self._library, self.chainer)
        self._overrides, self._codes = dict(self.case.overrides), self.case.codes
        self.scheme = self._compiled(self.case.location)
        self.zone = zone_named(self.scheme.timezone)
        self.touched |= {f"parameters.{name}" for name in self._overrides}

    def _library(self, slug: str, revision: str) -> Scheme:  # noqa: ARG002 - one scheme a case
        return self._revisions[revision]

    def _compiled(self, location: str) -> Scheme:
        try:
            scheme = self.schemes(self._overrides, codes=self._codes)
        except RulesetError as error:
            raise _Stop(location, "the ruleset is refused", map(str, error.problems)) from None
        self._revisions[scheme.revision] = scheme
        return scheme

    def all(self) -> None:
        """Take every step, and compare at the end."""
        case = self.case
        events = {id(s): self._events(s) for s in case.steps if isinstance(s, EventStep)}
        begins = self._begins([e.occurred_at for step in events.values() for e in step])
        self.locality.append(Tick(begins))
        self.locality.append(Published(self.scheme.slug, self.scheme.revision, at=begins))
        for kind, unit in case.units:
            payload = UnitDeclared(unit, unit, kind)
            self.locality.append(Arrived(Event(f"unit {unit}", begins, payload)))
        for step in case.steps:
            if isinstance(step, EventStep):
                for event in events[id(step)]:
                    self.locality.append(Arrived(event, step.by, *self._disputed(event)))
            else:
                self._take(step)
            self._after_step.append(len(self.locality.log.rows))
        self._compare(case.expect)

    def _take(self, step: Step) -> None:
        match step:
            case TickStep():
                self._tick(step)
            case CloseStep():
                self._close(step)
            case ActStep():
                self._act(step)
            case PublishStep():
                self._publish(step)
            case ExpectStep():
                self._compare(step.expect)

    # ── steps ──

    def _events(self, step: EventStep) -> list[Event]:
        try:
            return step.events(self.zone)
        except Invalid as error:
            raise _Stop(
                step.location, "the event is refused", [p.message for p in error.problems]
            ) from None

    def _time(self, text: str, location: str) -> Instant:
        try:
            return instant_of(text, self.zone)
        except Invalid as error:
            raise _Stop(location, error.problems[0].message) from None

    def _begins(self, occurred: Sequence[Instant]) -> Instant:
        """Return when time and units begin: with the month of the first event or tick."""
        case = self.case
        if case.begins:
            return self._time(case.begins, case.location)
        ticks = [self._time(s.at, s.location) for s in case.steps if isinstance(s, TickStep)]
        if not occurred and not ticks:
            raise _Stop(case.location, "no step says when it happens: add an event, tick or begins")
        month = cal.period_of(self.scheme.timezone, min([*occurred, *ticks]), "month")
        return cal.period_bounds(self.scheme.timezone, month)[0]

    def _tick(self, step: TickStep) -> None:
        at = self._time(step.at, step.location)
        if at <= self.locality.state.locality.tick:
            raise _Stop(step.location, f"the locality's time is past {step.at} already")
        self.locality.append(Tick(at))

    def _close(self, step: CloseStep) -> None:
        state = self.locality.state.locality
        end = self.scheme.over(step.period)
        if step.period in state.closes.get(self.scheme.slug, {}):
            raise _Stop(step.location, f"{step.period} is closed already")
        if cal.period_kind(step.period) not in self.scheme.closable:
            message = f"no score or indicator has a period such as {step.period}"
            raise _Stop(step.location, message)
        if state.tick < end:
            self.locality.append(Tick(end))
        self.locality.append(Closed(self.scheme.slug, step.period, at=max(end, state.tick)))

    def _publish(self, step: PublishStep) -> None:
        self._overrides = {**self._overrides, **step.overrides}
        self._codes = step.codes or self._codes
        self.touched |= {f"parameters.{name}" for name in step.overrides}
        self.scheme = self._compiled(step.location)
        entry = Published(self.scheme.slug, self.scheme.revision, self._overrides,
                          at=self.locality.state.locality.tick)  # fmt: skip
        self.locality.append(entry)

    def _act(self, step: ActStep) -> None:
        """Act on the standing decisions that are meant; each must be in a state that allows it."""
        standing = self._standing()
        comparer = Comparer(self.zone)
        meant = [(d, node) for d, node in standing if comparer.matches(step.pattern, d)]
        if len(meant) != step.pattern.count:
            raise _Stop(
                step.location,
                f"cannot {step.action} {said_by(step.pattern)}: {len(meant)} such decisions stand, "
                f"not {step.pattern.count}",
                [described(d, self.zone) for d, _ in meant or standing],
            )
        now = self.locality.state.locality.tick
        at = self._time(step.at, step.location) if step.at else now
        for decision, node in meant:
            content = decision.content
            if content.publication not in _ALLOWED[step.action]:
                message = f"cannot {step.action} what is {content.publication}"
                raise _Stop(step.location, message, [described(decision, self.zone)])
            self.locality.append(Act(
                step.action, step.by, at, node, content.slot, content.substance(),
                content.served, 0, step.reason,
            ))  # fmt: skip

    def _standing(self) -> list[tuple[Decision, str]]:
        """Return the decisions in effect, in order of emission, each with its node."""
        standing = {d.id for d in self.locality.effective().values()}
        return [(d, n) for d, n in self.locality.state.changes.decisions if d.id in standing]

    def _disputed(self, event: Event) -> tuple[str, tuple[str, ...]]:
        """Return the node of the decision that an appeal disputes by its slot, and its issues."""
        if not isinstance(event.payload, AppealFiled | AppealDecided):
            return "", ()
        target = event.payload.target
        return next(
            ((n, d.content.served) for d, n in self._standing()
             if d.content.slot.key() == target), ("", ()),
        )  # fmt: skip

    # ── comparing ──

    def _compare(self, expect: Expectations) -> None:
        comparer = Comparer(self.zone)
        effective = [d for d, _ in self._standing()]
        emitted = self.locality.emitted()
        accounted: set[str] = set()
        for wanted in expect.standings:
            known_at = None
            if wanted.after_step is not None:
                if wanted.after_step > len(self._after_step):
                    raise _Stop(wanted.location, f"step {wanted.after_step} has not been taken yet")
                known_at = self._after_step[wanted.after_step - 1]
            as_of = self._time(wanted.as_of, wanted.location) if wanted.as_of else None
            if all(score.id != wanted.score for score in self.scheme.scores):
                raise _Stop(wanted.location, f"the scheme has no score {wanted.score}")
            rows = standings(
                self.locality.projection, self.scheme.slug, wanted.score, wanted.period,
                as_of=as_of, known_at=known_at,
            )  # fmt: skip
            bands = self.scheme.bands.get(wanted.score, ())
            colours = {band.id: band.colour for band in bands}
            self.failures += compare_standings(wanted, rows, colours, effective, accounted)
        for listed in expect.lists:
            self.failures += compare_list(listed, effective, accounted)
        if expect.decisions is not None:
            self.failures += comparer.decisions(
                expect.location, expect.decisions, effective, frozenset(accounted)
            )
            self._touch(effective)
        if expect.emitted is not None:
            self.failures += comparer.emitted(expect.location, expect.emitted, emitted)
            self._touch(d for d in emitted if any(comparer.matches(p, d) for p in expect.emitted))
        self.failures += comparer.never(expect.never, emitted)
        self.failures += unknown_rules(self.named or self.scheme, expect)

    def _touch(self, compared: Iterable[Decision]) -> None:
        for decision in compared:
            self.touched |= touched_by(self.scheme, decision)


_ALLOWED = {
    "approve": ("proposed",),
    "publish": ("approved",),
    "revoke": ("proposed", "approved", "published"),
}
