"""What must hold once a served ruleset has been edited under a stream of events."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.checks import check_emitted, check_log, check_rebuild, check_replay, read_log
from tests.service.site import TOWN

from envrules import calendar as cal
from envrules.engine.memory import MemoryLocality
from envrules.model.decisions import Decision, decode_decision
from envrules.model.entries import Arrived, Closed, Entry, Published, Tick, decode_entry
from envrules.model.events import IssueFound
from envrules.plugin_manager import load_plugins
from envrules.runtime.library import Library
from envrules.store import DecisionFilter, Store

_ALL = 1 << 40


@dataclass(frozen=True)
class Edited:
    """A town's log, by its closes and publications."""

    log: Mapping[int, Entry]

    @property
    def closes(self) -> list[tuple[int, str]]:
        """Where the periods were closed, in order."""
        return [(seq, e.period) for seq, e in self.log.items() if isinstance(e, Closed)]

    @property
    def published(self) -> list[tuple[int, Published]]:
        """Where revisions were published, in order."""
        return [(seq, e) for seq, e in self.log.items() if isinstance(e, Published)]

    @property
    def months(self) -> dict[str, str]:
        """Issue → the month in which it was found."""
        events = [e.event for e in self.log.values() if isinstance(e, Arrived)]
        return {
            e.payload.issue: cal.period_of("Asia/Shanghai", e.occurred_at, "month")
            for e in events if isinstance(e.payload, IssueFound)
        }  # fmt: skip

    def current(self, seq: int) -> str:
        """Return the revision that is current after a log entry."""
        places = [place for place, _ in self.published]
        return self.published[bisect.bisect(places, seq) - 1][1].revision


def check(
    store: Store, place: str, file: Path, receipts: Mapping[str, int], sent_before: int
) -> tuple[Edited, list[Decision]]:  # fmt: skip
    """Check everything, and return the log and all decisions.

    Args:
        store: where the town is.
        place: the town.
        file: the ruleset as it was saved last.
        receipts: event → log entry, of all that was sent while it was edited.
        sent_before: how many events there were before.
    """
    places = check_log(store, place)
    assert receipts.items() <= places.items(), "an event was lost"
    assert len(places) == len(receipts) + sent_before
    emitted = [decode_decision(row.payload) for row in check_emitted(store, place)]
    edited = Edited({row.seq: decode_entry(row.payload) for row in read_log(store, place)})
    _check_names(edited, emitted)
    _check_clean(store, place, file, edited)
    check_replay(store, place)
    check_rebuild(store, place)
    return edited, emitted


def _check_names(edited: Edited, emitted: Sequence[Decision]) -> None:
    """Check that each decision names the revision current at its place in the log.

    What is decided about a closed month names the revision that was frozen with it, and so does
    what is decided about an issue that was found in it.
    """
    frozen = {period: (seq, edited.current(seq)) for seq, period in edited.closes}
    months = edited.months
    for decision in emitted:
        if decision.change == "revoke":
            continue  # it names what it takes back
        content = decision.content
        about, adjusted, _ = content.slot.anchor.partition(">")  # closed period>where it counts
        month = about if adjusted else content.period or months[content.issues[0]]
        closed_at, then = frozen.get(month, (decision.log_seq, ""))
        expected = then if closed_at < decision.log_seq else edited.current(decision.log_seq)
        assert content.revision == expected, (month, decision)


def _check_clean(store: Store, place: str, file: Path, edited: Edited) -> None:
    """Check that what holds is what the final revisions alone decide.

    Of what was published between two closes only the last is left, from the first one's place on;
    a tick that moves nothing keeps the places of the others.
    """
    library = Library(load_plugins(), store)
    last = edited.published[-1][1].revision
    assert library.source(TOWN, last).text == file.read_text(encoding="utf-8")
    clean = MemoryLocality(place, library)
    closes = [seq for seq, _ in edited.closes]
    spans: dict[int, list[int]] = {}
    for seq, _ in edited.published:
        spans.setdefault(bisect.bisect(closes, seq), []).append(seq)
    firsts = {span[0]: edited.log[span[-1]] for span in spans.values()}
    others = {seq for span in spans.values() for seq in span} - firsts.keys()
    for seq, entry in edited.log.items():
        clean.append(Tick(0) if seq in others else firsts.get(seq, entry))
    expected = {slot: d.content.essence() for slot, d in clean.effective().items()}
    rows = store.decisions(place, limit=_ALL, filters=DecisionFilter(current_only=True))
    held = {row.slot: decode_decision(row.payload).content.essence() for row in rows}
    assert held == expected
