"""One period of a scheme in a locality, as of one reading: standings, lists, consequences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc

from envrules import calendar as cal
from envrules.engine.caseload import Case, caseload
from envrules.engine.kept import Locality
from envrules.engine.projection import Projection
from envrules.engine.standings import Row, standings
from envrules.engine.statement import statement
from envrules.kinds.lists import ListRule
from envrules.kinds.scores import Score
from envrules.model.base import Instant
from envrules.model.decisions import Decision
from envrules.model.entries import Closed, decode_entry
from envrules.ruleset.compile import Scheme
from envrules.service.fields import Fields
from envrules.service.figures_out import categories_out, figures_out
from envrules.service.host import Host
from envrules.service.period_decisions import PeriodDecisions
from envrules.service.slips import Slips
from envrules.service.standings_out import entry_out, find_score, line_out, standing_out
from envrules.service.status import Refusal, not_found
from envrules.v1 import standings_pb2 as pb
from envrules.wire.decisions_out import decision_to_proto, optional_timestamp

CONSEQUENCES = ("consequence", "duty")
_PATIENCE = 10.0


@dataclass(frozen=True)
class Question:
    """What is asked for."""

    locality: str
    scheme: str
    period: str
    as_of: Instant | None = None
    """None: now."""
    known_at: int = 0
    """0: now."""
    present: bool = True
    """Whether it is asked about now, even if the time and the log entry are told."""


@contextmanager
def viewing(host: Host, question: Question, context: grpc.ServicerContext) -> Iterator[PeriodView]:
    """Give the view of a period, in its turn and at one moment: the projector goes on meanwhile.

    Raises:
        NotFound: no such locality.
        Refusal: see `PeriodView`, and `Host.turn_to_read`; INVALID_ARGUMENT, `known_at` lies in the
            future; UNAVAILABLE, it has not been judged yet.
    """
    _await_known(host, question, context)
    with host.turn_to_read(context), host.runtime.store.snapshot():
        yield PeriodView(host, question)


def _await_known(host: Host, question: Question, context: grpc.ServicerContext) -> None:
    row, projection, _ = host.runtime.locality(question.locality)
    asked = question.known_at
    if asked > row.head_seq:
        fields = Fields()
        fields.refuse("known_at", "OUT_OF_RANGE", value=asked, low=0, high=row.head_seq)
        fields.done()
    if asked > projection.position and not host.wait_decided(
        context, question.locality, asked, _PATIENCE
    ):
        raise Refusal(
            grpc.StatusCode.UNAVAILABLE, "NOT_DECIDED_YET",
            f"log entry {asked} has not been judged yet",
        )  # fmt: skip


class PeriodView:
    """Answers questions about one period. It is made for one call, by `viewing`, and thrown away."""

    def __init__(self, host: Host, question: Question) -> None:
        """Read where the locality is.

        Raises:
            NotFound: no such locality.
            Refusal: NOT_FOUND, it does not use the scheme.
        """
        self._host, self.question = host, question
        position = host.runtime.store.projection(question.locality).position
        self.known_at = question.known_at or position
        self._past = question.known_at if 0 < question.known_at < position else None
        """Log entry that ends what is known, if that is not the present."""
        self._projection: Projection = host.runtime.projection(question.locality)
        self._state: Locality = self._projection.state.locality
        binding = self._state.bindings.get(question.scheme)
        if binding is None:
            raise not_found(
                "SCHEME_NOT_FOUND", f"{question.locality} does not use scheme {question.scheme!r}"
            )
        close = self._state.closes_of(question.scheme).get(question.period)
        self.close = close if close is not None and close.seq <= self.known_at else None
        # What governs a period today judges it at any reading: frozen rules once it is closed.
        revision = close.revision if close is not None else binding.revision
        self.scheme: Scheme = host.runtime.library(question.scheme, revision)
        self.as_of = question.as_of or host.runtime.clock()
        self._decisions = PeriodDecisions(
            host, question.locality, self.scheme.slug, question.period, self.close, self.known_at,
            is_present=question.present and self._past is None,
        )  # fmt: skip

    # ── what it is ──

    def reading(self) -> pb.Reading:
        """Return on what the answers rest."""
        state = pb.PERIOD_STATE_OPEN
        if self.close is not None:
            state = (
                pb.PERIOD_STATE_CORRECTED
                if self._decisions.are_corrected()
                else pb.PERIOD_STATE_CLOSED
            )
        as_of = self.as_of if self.close is None else None
        return pb.Reading(
            locality=self.question.locality, scheme=self.scheme.slug, period=self.question.period,
            state=state, revision=self.scheme.revision, as_of=optional_timestamp(as_of),
            known_at=self.known_at,
        )  # fmt: skip

    def score(self, score_id: str) -> Score:
        """Return a score of the period.

        Raises:
            Refusal: NOT_FOUND, the scheme has no such score, or not for such periods.
        """
        return find_score(self.scheme, score_id, self.question.period)

    def scores(self) -> list[Score]:
        """Return the scores of the period; none where it has only indicators.

        Raises:
            Refusal: NOT_FOUND, the scheme closes no such period.
        """
        kind = cal.period_kind(self.question.period)
        if kind not in self.scheme.closable:
            raise not_found("PERIOD_NOT_FOUND", f"scheme {self.scheme.slug} scores no {kind}")
        return [score for score in self.scheme.scores if score.period == kind]

    # ── standings ──

    def rows(self, score: Score) -> list[Row]:
        """Return the units' rows, by partition and rank."""
        return standings(
            self._projection, self.scheme.slug, score.id, self.question.period,
            as_of=self.as_of, known_at=self._past,
        )  # fmt: skip

    def standing(self, score: Score, row: Row) -> pb.Standing:
        """Return the message of a row."""
        return standing_out(
            self.scheme, score, self.question.period, row, self._decisions.by_unit.get(row.unit.id, ()),
            is_open=self.close is None,
        )  # fmt: skip

    def statement(self, score: Score, unit: str) -> pb.Statement | None:
        """Return a unit's statement; None if the score is not about it."""
        made = statement(
            self._projection, self.scheme.slug, score.id, unit, self.question.period,
            as_of=self.as_of, known_at=self._past,
        )  # fmt: skip
        if made is None:
            return None
        return pb.Statement(
            reading=self.reading(), lines=map(line_out, made.lines),
            standing=self.standing(score, made.row),
        )  # fmt: skip

    # ── the report ──

    def report(self) -> pb.PeriodReport:
        """Return everything about the period."""
        rows = {score.id: self.rows(score) for score in self.scores()}
        return pb.PeriodReport(
            reading=self.reading(), title=self.scheme.title,
            scores=(
                pb.ScoreReport(
                    score=score.id, title=score.citation.title,
                    standings=[self.standing(score, row) for row in rows[score.id]],
                )
                for score in self.scores()
            ),
            lists=self._lists(rows),
            **self._issues([row for own in rows.values() for row in own]),
            **(self._closing() if self.close is not None else {}),
        )  # fmt: skip

    # Fields of the report: messages that are merged into one another are copied, slips and all.

    def _closing(self) -> dict[str, Any]:
        """Return what a close has decided beside standings and lists."""
        assert self.close is not None
        entry = self._close_entry()
        return {
            "closed_seq": self.close.seq, "closed_by": entry.by,
            "closed_at": optional_timestamp(entry.at or None),
            "consequences": map(decision_to_proto, self._decisions.latest(CONSEQUENCES)),
            "indicators": map(decision_to_proto, self._decisions.latest(("indicator",))),
        }  # fmt: skip

    def _issues(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Return what is told about the locality's issues, beside the standings of its units."""
        cases = self.cases()
        span = cal.period_bounds(self.scheme.timezone, self.question.period)
        return {
            "figures": figures_out(cases),
            "categories": categories_out(cases, rows, self.scheme.categories, span),
            "slips": (
                pb.SlipReport(decision=decision_to_proto(slip), open_issues=issues)
                for slip, issues in self._slips(cases, span)
            ),
        }

    def _slips(
        self, cases: Sequence[Case], span: tuple[Instant, Instant]
    ) -> Iterator[tuple[Decision, list[str]]]:
        slips = Slips(
            self._host.runtime.store, self.question.locality, self.scheme.slug, self._projection,
            self.known_at, is_past=self.question.known_at > 0,
        )  # fmt: skip
        return slips.told(span, {case.issue for case in cases if case.open})

    def cases(self) -> Sequence[Case]:
        """Return the issues that the period counts, as they stood at its end, as known at its close.

        In an open one no limit has run out before the locality's own time has passed it: what
        keeps it may still be on its way.
        """
        if self.close is None:
            return self._counted(min(self.as_of, self._state.tick), None)
        # Frozen with the close, but for issues of months that were never closed.
        in_force = self._state.bindings[self.scheme.slug].revision
        key = (
            self.question.locality, self.scheme.slug, self.question.period, str(self.close.seq),
            self.scheme.revision, in_force,
        )  # fmt: skip
        known: Sequence[Case] | None = self._host.caseloads.get(key)
        if known is None:
            known = self._counted(None, self.close.seq)
            self._host.caseloads.put(key, known)
        return known

    def _counted(self, as_of: Instant | None, until: int | None) -> Sequence[Case]:
        return caseload(
            self._projection, self.scheme.slug, self.question.period,
            as_of=as_of, known_at=self._past if until is None else until,
        )  # fmt: skip

    def _close_entry(self) -> Closed:
        assert self.close is not None
        seq = self.close.seq
        row = self._host.runtime.store.log_rows(self.question.locality, (seq,))[seq]
        entry = decode_entry(row.payload)
        assert isinstance(entry, Closed)
        return entry

    def _lists(self, rows: Mapping[str, Sequence[Row]]) -> Iterator[pb.RankedList]:
        """Yield every list of the period, empty ones too."""
        for rule in (rule for rule in self.scheme.lists if rule.of in rows):
            own = rows[rule.of]
            for partition in sorted({row.partition for row in own}) or [""]:
                units = {row.unit.id: row.title for row in own if row.partition == partition}
                yield self._list(rule, partition, units)

    def _list(self, rule: ListRule, partition: str, units: Mapping[str, str]) -> pb.RankedList:
        places = [
            d for d in self._decisions.figures
            if d.content.slot.rule == f"lists.{rule.id}" and d.content.unit in units
            and d.content.outcome != "barred"
        ]  # fmt: skip
        places.sort(key=lambda d: (d.content.rank or 0, d.content.unit))
        if rule.end == "bottom":
            places.reverse()
        is_open = self.close is None
        return pb.RankedList(
            list=rule.id, title=rule.citation.title, partition=partition,
            entries=[entry_out(d, units[d.content.unit], is_open=is_open) for d in places],
        )  # fmt: skip
