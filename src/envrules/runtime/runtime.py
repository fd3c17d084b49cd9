"""The runtime of one process: localities, appending, ticks, acts. What the service calls."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from envrules.engine.kept import Locality
from envrules.engine.projection import Projection
from envrules.model.base import Instant
from envrules.model.decisions import decode_decision
from envrules.model.entries import (
    Act,
    Closed,
    Entry,
    Published,
    Tick,
    encode_entry,
)
from envrules.model.events import Event
from envrules.ruleset.codes import CodeTableText
from envrules.ruleset.overrides import Overrides
from envrules.runtime.acting import check_acts
from envrules.runtime.appender import Appender, Commit
from envrules.runtime.backing import StoreBacking
from envrules.runtime.closing import check_closable
from envrules.runtime.errors import NotFound, NotNow, Superseded
from envrules.runtime.incoming import Receipt, entry_of
from envrules.runtime.library import Library
from envrules.runtime.progress import Progress
from envrules.runtime.projecting import Projecting, ProjectingThreads
from envrules.runtime.projector import open_projection
from envrules.runtime.ticking import next_time
from envrules.store import (
    Appended,
    LocalityRow,
    NewEntry,
    Notice,
    ProjectionRow,
    Store,
    UnknownLocality,
)

log = logging.getLogger(__name__)


def wall_clock() -> Instant:
    """Return the wall clock in microseconds. The only clock there is; the engine never sees it."""
    return time.time_ns() // 1000


class Runtime:
    """Everything a process needs to serve localities from one store."""

    def __init__(
        self, store: Store, library: Library, clock: Callable[[], Instant] = wall_clock,
        projecting: Projecting | None = None,
    ) -> None:  # fmt: skip
        """`projecting`: who projects; threads of this process unless given."""
        self.store, self.library, self.clock = store, library, clock
        self.projecting = projecting or ProjectingThreads(store, library, clock)
        self.projecting.report_to(self._has_advanced)
        self._progress = Progress(store)
        self._notices = store.notices(self._noticed)
        self._appender = Appender(store, self._appended)

    # ── life ──

    def start(self) -> None:
        """Start projecting every locality, and telling each the time."""
        self.projecting.start()
        self._notices.start()

    def stop(self) -> None:
        """Commit what is queued, finish the transactions under way, and stop."""
        self._progress.close()
        self._appender.close()
        self.projecting.stop()
        self._notices.close()

    def observe_commits(self, observer: Callable[[Commit], None]) -> None:
        """Let somebody know of every commit of the log."""
        self._appender.on_commit = observer

    def _appended(self, localities: set[str]) -> None:
        for locality in localities:
            self.projecting.wake(locality)
            self._notices.tell(Notice("log", locality))

    def _has_advanced(self, locality: str, position: int) -> None:
        self._progress.note(locality, position)
        self._notices.tell(Notice("at", locality, position))

    def _noticed(self, notice: Notice) -> None:
        """Another replica has appended, or projected."""
        if notice.word == "at":
            self._progress.note_at_least(notice.locality, notice.position)
        else:
            self.projecting.wake(notice.locality)

    # ── localities ──

    def create_locality(self, locality: str, title: str, timezone: str) -> None:
        """Create a tenant; nothing happens if it exists just so."""
        self.store.create_locality(locality, title, timezone, self.clock())
        self.projecting.wake(locality)

    def locality(self, locality: str) -> tuple[LocalityRow, ProjectionRow, Locality]:
        """Return a locality, how far it is projected, and its own state. Raises NotFound."""
        try:
            row = self.store.locality(locality)
        except UnknownLocality:
            raise NotFound(f"no locality {locality!r}", "LOCALITY_NOT_FOUND") from None
        state = StoreBacking(self.store, locality).load_locality()
        return row, self.store.projection(locality), state

    def projection(self, locality: str) -> Projection:
        """Return the locality's projection as stored, for reading only. Raises NotFound."""
        self.locality(locality)
        return open_projection(self.store, locality, self.library)

    # ── events ──

    def submit(self, locality: str, events: Sequence[Event], by: str) -> list[Receipt]:
        """Store events; return a receipt each, once they are durable."""
        return self.submit_later(locality, events, by)()

    def submit_later(
        self, locality: str, events: Sequence[Event], by: str
    ) -> Callable[[], list[Receipt]]:
        """Queue events to be stored; the returned call waits for the receipts."""
        entries = [entry_of(self.store, locality, event, by) for event in events]
        future = self._later(locality, entries)

        def receipts() -> list[Receipt]:
            return [
                Receipt(event.id, a.seq, not (a.duplicate or a.conflict), a.conflict)
                for event, a in zip(events, future.result(), strict=True)
            ]

        return receipts

    def _later(self, locality: str, entries: Sequence[NewEntry]) -> Future[list[Appended]]:
        return self._appender.append_later(locality, entries, self.clock())

    def _append(self, locality: str, *entries: Entry) -> int:
        """Append entries other than events; return the place of the last."""
        rows = [NewEntry(_KINDS[type(entry)], encode_entry(entry)) for entry in entries]
        return self._later(locality, rows).result()[-1].seq

    def wait_decided(self, locality: str, seq: int, timeout: float) -> bool:
        """Wait until the projection has reached `seq`; return whether it has.

        Does not wait for a locality that is stalled before `seq`: only an operator helps it on.
        """
        self.projecting.hurry(locality)
        return self._progress.wait(locality, seq, timeout)

    def decided_up_to(self, locality: str) -> int:
        """Return how far this process knows the locality to be projected, without looking."""
        return self._progress.at(locality)

    # ── time ──

    def local_time(self, state: Locality) -> Instant:
        """Return the locality's time: the wall clock, but no later than any source's watermark."""
        return max(state.tick, min((self.clock(), *state.sources.values())))

    def advance(self, locality: str, source: str, until: Instant | None) -> int:
        """Set a source's watermark (None: lift it); return the log entry that holds it."""
        _, _, state = self.locality(locality)
        now, sources = self.clock(), dict(state.sources)
        if until is None:
            sources.pop(source, None)
        else:
            sources[source] = max(until, sources.get(source, until))
        # If too much falls due by then, whoever projects tells the rest of the time.
        reached = next_time(self.store, locality, state, now, sources)
        return self._append(locality, Tick(reached, source, until))

    # ── rulesets ──

    def publish(
        self, locality: str, scheme: str, by: str, *, text: str = "", file: str = "",
        revision: str = "", overrides: Overrides | None = None,
        codes: CodeTableText | None = None, reason: str = "",
    ) -> tuple[str, int]:  # fmt: skip
        """Bind a locality to a revision: one given by id, a text, or the scheme's own ruleset.

        `codes` is the table of its host's codes; a revision given by id comes with its own.

        Returns the revision and its log entry.

        Raises:
            NotFound: no such locality, scheme or revision.
            RulesetError: the ruleset is not good; nothing changes.
        """
        _, _, state = self.locality(locality)
        if revision:
            try:
                compiled = self.library(scheme, revision)
            except KeyError:
                raise NotFound(
                    f"scheme {scheme!r} has no revision {revision!r}", "REVISION_NOT_FOUND"
                ) from None
        elif text:
            compiled = self.library.add(
                text, file or f"{scheme}.yaml", overrides or {}, self.clock(), codes
            )
        elif scheme in self.library.plugins.schemes:
            compiled = self.library.add_builtin(scheme, overrides or {}, self.clock(), codes)
        else:
            raise NotFound(
                f"no scheme {scheme!r}; known: {', '.join(self.library.plugins.schemes)}",
                "SCHEME_NOT_FOUND",
            )
        entry = Published(
            compiled.slug, compiled.revision,
            {k: dict(v) for k, v in (overrides or {}).items()}, by, reason, self.local_time(state),
        )  # fmt: skip
        seq = self._append(locality, entry)
        log.info(
            "a revision is published",
            extra={"locality": locality, "scheme": compiled.slug, "revision": compiled.revision,
                   "seq": seq, "principal": by},
        )  # fmt: skip
        return compiled.revision, seq

    # ── closing ──

    def close_period(self, locality: str, scheme: str, period: str, by: str) -> int:
        """Close a period; return the log entry.

        Raises:
            NotFound: no such locality or scheme.
            NotNow: the period is closed, not over by the locality's own time, not a period that
                the scheme scores, or an earlier one must be closed first.
        """
        _, _, state = self.locality(locality)
        binding = state.bindings.get(scheme)
        if binding is None:
            raise NotFound(f"{locality} does not use scheme {scheme!r}", "SCHEME_NOT_FOUND")
        compiled = self.library(scheme, binding.revision)
        check_closable(state, compiled, period, self.local_time(state))
        now = self.clock()
        seq = self._append(locality, Tick(now), Closed(scheme, period, by, now))
        log.info(
            "a period is closed",
            extra={"locality": locality, "scheme": scheme, "period": period, "seq": seq,
                   "principal": by},
        )  # fmt: skip
        return seq

    # ── acts ──

    def act(
        self, locality: str, decision_id: str, actions: Sequence[str], by: str, reason: str = ""
    ) -> int:
        """Approve, publish or revoke a decision as it stands; return the last log entry.

        Raises:
            NotFound: no such decision.
            Superseded: it no longer stands.
            NotNow: its state of publication does not allow the act.
            NotAllowed: the caller submitted one of the events that the decision rests on.
        """
        _, _, state = self.locality(locality)
        row = self.store.decision(locality, decision_id)
        if row is None:
            raise NotFound(f"no decision {decision_id!r} in {locality}", "DECISION_NOT_FOUND")
        decision = decode_decision(row.payload)
        latest = self.store.slot_history(locality, row.slot)[-1]
        if latest.id != decision_id:
            raise Superseded(
                f"decision {decision_id} was superseded by {latest.id}: look at that one",
                "SUPERSEDED",
            )
        check_acts(self.store, locality, decision, actions, by)
        content = decision.content
        # An act happens at the locality's own time, for publishing a slip serves it.
        now = self.local_time(state)
        acts = [
            Act(action, by, now, row.node, content.slot, content.substance(),  # type: ignore[arg-type]
                content.served, 0, reason)
            for action in actions
        ]  # fmt: skip
        seq = self._append(locality, Tick(self.clock()), *acts)
        log.info(
            "acted on a decision: %s", ", ".join(actions),
            extra={"locality": locality, "decision_id": decision_id, "seq": seq, "principal": by},
        )  # fmt: skip
        return seq

    def skip(self, locality: str, seq: int, by: str, reason: str) -> int:
        """Pass over the log entry that the projector stalls at; recorded as an act."""
        _, projection, _ = self.locality(locality)
        if projection.stalled_seq != seq:
            raise NotNow(f"{locality} does not stall at log entry {seq}", "NOT_STALLED_THERE")
        act = self._append(locality, Act("skip", by, self.clock(), target_seq=seq, reason=reason))
        log.info(
            "log entry %d is to be passed over", seq,
            extra={"locality": locality, "seq": act, "principal": by},
        )  # fmt: skip
        return act


_KINDS = {Tick: "tick", Published: "published", Closed: "closed", Act: "act"}
