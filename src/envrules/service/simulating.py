"""SimulateRuleset: history under another ruleset, told as it goes on, given up when nobody listens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import grpc

from envrules import calendar as cal
from envrules.ruleset.overrides import Overrides
from envrules.service.fields import Fields
from envrules.service.host import Host
from envrules.service.rulesets_in import GivenCodes, Source
from envrules.service.shelf import Shelf
from envrules.service.standings_out import ASSESSMENTS
from envrules.service.status import not_found
from envrules.service.visible import shelf_for
from envrules.v1 import ruleset_service_pb2 as pb
from envrules.v1 import rulesets_pb2, standings_pb2
from envrules.whatif import (
    Answer,
    Changed,
    Question,
    Row,
    Side,
    Stopped,
    Tried,
    from_store,
    simulate,
)
from envrules.wire.field_types import decimal_text

_SLICE = 0.2
"""Seconds after which a simulation looks whether its caller is still there."""


@dataclass(frozen=True)
class Trial:
    """What a caller wants to try."""

    locality: str
    question: Question
    source: Source
    overrides: Overrides
    """In place of the locality's own; empty: these."""


def periods_in(request: pb.SimulateRulesetRequest, fields: Fields) -> tuple[str, str]:
    """Return the first and the last period asked about."""
    first = fields.period("from_period", request.from_period)
    last = fields.period("to_period", request.to_period)
    try:
        turned = cal.period_dates(last)[1] < cal.period_dates(first)[0]
    except cal.CalendarError:  # told already
        return first, last
    if turned:
        fields.contradict("to_period", "must not end before from_period begins", "止期早于起期")
    return first, last


def simulated(
    host: Host, trial: Trial, context: grpc.ServicerContext
) -> Iterator[pb.SimulateRulesetResponse]:
    """Yield how far it is, then the units that move, then the summary.

    Raises:
        Refusal: NOT_FOUND; UNAVAILABLE, the server is to stop.
        RulesetError: the ruleset is not good.
    """
    tried = _tried(host, trial, shelf_for(host, context))
    work = _Work(host, trial, tried)
    try:
        done = total = 0
        while (told := work.next()) is not None:
            if isinstance(told, Answer):
                total = work.total
                if done < total:  # the last steps may have been quicker than their telling
                    progress = pb.SimulationProgress(events_done=total, events_total=total)
                    yield pb.SimulateRulesetResponse(progress=progress)
                yield from _answered(told)
            else:
                done, total = told
                progress = pb.SimulationProgress(events_done=done, events_total=total)
                yield pb.SimulateRulesetResponse(progress=progress)
            if host.draining.is_set():
                raise host.stopping()
            if not context.is_active():
                return
    finally:
        work.stop()


def _tried(host: Host, trial: Trial, shelf: Shelf) -> Tried:
    scheme = trial.question.scheme
    binding = host.runtime.locality(trial.locality)[2].bindings.get(scheme)
    if binding is None:
        raise not_found("SCHEME_NOT_FOUND", f"{trial.locality} does not use scheme {scheme!r}")
    own = host.shelf.revision(scheme, binding.revision).source
    overrides, codes = trial.overrides, GivenCodes()
    if not trial.source.is_exact:  # which comes as it was published
        overrides, codes = overrides or own.overrides, GivenCodes(given=True, table=own.codes)
    found = trial.source.found(shelf, scheme, overrides, codes)
    return Tried(found.source, found.scheme)


class _Work:
    """A simulation in a thread of its own: the engine tells how far it is in the midst of it."""

    def __init__(self, host: Host, trial: Trial, tried: Tried) -> None:
        self._host, self._trial, self._tried = host, trial, tried
        self._told: SimpleQueue[tuple[int, int] | Answer | Exception | None] = SimpleQueue()
        self._last = (0, 0)
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="envrules-simulate", daemon=True).start()

    def next(self) -> tuple[int, int] | Answer | None:
        """Return what is told next: how far it is, or the answer; None after that."""
        while True:
            try:
                told = self._told.get(timeout=_SLICE)
            except Empty:
                return self._last
            if isinstance(told, Exception):
                raise told
            if not isinstance(told, tuple):
                return told
            self._last = told
            if self._told.empty():
                return told

    @property
    def total(self) -> int:
        """How many steps there are, as it was last told."""
        return self._last[1]

    def stop(self) -> None:
        """Let the thread come to an end."""
        self._stopped.set()

    def _run(self) -> None:
        try:
            history = from_store(self._host.runtime.store, self._trial.locality)
            plugins = self._host.runtime.library.plugins
            answer = simulate(history, plugins, self._trial.question, self._tried, self._progress)
            self._told.put(answer)
            self._told.put(None)
        except Stopped:
            pass
        except Exception as error:
            self._told.put(error)

    def _progress(self, done: int, total: int) -> None:
        if self._stopped.is_set():
            raise Stopped
        self._told.put((done, total))


# ── the answer as messages ──


def _answered(answer: Answer) -> Iterator[pb.SimulateRulesetResponse]:
    why: dict[tuple[str, str], list[str]] = {}
    for difference in answer.differences:
        why.setdefault((difference.unit, difference.period), []).extend(difference.why)
    for row in answer.movers:
        reason = "；".join(dict.fromkeys(why.get((row.unit, row.period), ())))
        yield pb.SimulateRulesetResponse(change=pb.SimulationChange(
            period=row.period, before=_standing(row, row.before), after=_standing(row, row.after),
            reason=reason,
        ))  # fmt: skip
    yield pb.SimulateRulesetResponse(summary=pb.SimulationSummary(
        known_at=answer.known_at, changes=map(_change, answer.changes),
        counts=(
            pb.SimulationCount(kind=c.kind, outcome=c.outcome, before=c.before, after=c.after)
            for c in answer.counts
        ),
        compared=len(answer.rows), different=len(answer.movers),
    ))  # fmt: skip


def _standing(row: Row, side: Side | None) -> standings_pb2.Standing | None:
    if side is None:
        return None
    band = standings_pb2.Band(id=side.band, title=side.band_title) if side.band else None
    return standings_pb2.Standing(
        score=row.score, unit=row.unit, unit_title=row.title,
        assessment=ASSESSMENTS.get(side.status, standings_pb2.ASSESSMENT_NOT_ASSESSED),
        points=decimal_text(side.points), band=band, rank=side.rank,
        lists=side.lists,
    )  # fmt: skip


def _change(change: Changed) -> rulesets_pb2.RulesetChange:
    return rulesets_pb2.RulesetChange(
        path=change.path, title=change.title, since=change.since, before=change.before,
        after=change.after, words=change.words,
    )  # fmt: skip
