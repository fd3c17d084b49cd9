"""Appeals: who may file one, which of them are pending, and what the upheld ones strike out."""

from __future__ import annotations

from collections.abc import Sequence

from envrules import calendar as cal
from envrules.engine.judging import Bench
from envrules.kinds.compiled import cite, cite_value
from envrules.model.base import Instant
from envrules.model.decisions import Content, Slot
from envrules.model.events import AppealDecided, AppealFiled, Event


class Appeals:
    """The appeals that bear on one unit: only the unit may file one, and only a filed one ends.

    A unit that has been merged or split is spoken for by its successor.
    """

    def __init__(self, bench: Bench, unit: str, events: Sequence[Event]) -> None:
        """`events`: live ones, in Order; what is not about an appeal is passed over."""
        self.void: list[tuple[Event, str]] = []
        """Events without effect, and why."""
        self._filed: dict[str, list[Event]] = {}
        self._decided: dict[str, list[Event]] = {}
        about = [e for e in events if isinstance(e.payload, AppealFiled | AppealDecided)]
        for event in sorted(about, key=lambda e: isinstance(e.payload, AppealDecided)):
            payload = event.payload
            assert isinstance(payload, AppealFiled | AppealDecided)
            entitled = {unit, bench.context.registry.responsible(unit, event.occurred_at)}
            late = self._late(bench, event, events)
            if payload.unit not in entitled:
                self.void.append((event, f"申诉只能由被考核的单位提出，{payload.unit} 不是"))
            elif late:
                if "\n" not in payload.target:  # of a decision `too_late` says it
                    self.void.append((event, late))
            elif isinstance(payload, AppealFiled):
                self._filed.setdefault(payload.appeal, []).append(event)
            elif payload.appeal not in self._filed:
                self.void.append((event, f"没有编号为 {payload.appeal} 的申诉，其裁定不生效力"))
            else:
                self._decided.setdefault(payload.appeal, []).append(event)

    @staticmethod
    def _late(bench: Bench, filed: Event, events: Sequence[Event]) -> str:
        """Return why a filing against an event, or what followed from it, comes too late, or ''."""
        if not isinstance(filed.payload, AppealFiled):
            return ""
        target = filed.payload.target.rpartition("\n")[2]  # of a slot its anchor
        close = bench.context.closes.get(target)
        if close is not None:
            return overrun(bench, filed, close.at)
        disputed = next((e for e in events if e.id == target.partition("#")[0]), None)
        return "" if disputed is None else overrun(bench, filed, disputed.occurred_at)

    def pending(self) -> list[Event]:
        """Return the filings that nobody has decided yet (申诉中)."""
        return [
            event for appeal, filed in self._filed.items() if appeal not in self._decided
            for event in filed
        ]  # fmt: skip

    def won(self) -> dict[str, str]:
        """Return what upheld appeals are about, and by which decision's id they were upheld."""
        won: dict[str, str] = {}
        for decided in self._decided.values():
            for event in decided:
                payload = event.payload
                assert isinstance(payload, AppealDecided)
                if payload.upheld:
                    won[payload.target] = event.id
        return won

    def upheld(self, scheme: str, score: str, period: str) -> dict[str, str]:
        """Return what is struck out (event ids, or event#finding) and by which decision's id."""
        return {struck_target(t, scheme, score, period): by for t, by in self.won().items()}


def overrun(bench: Bench, filed: Event, since: Instant) -> str:
    """Return why an appeal is filed too late against what has stood since then, or ''."""
    limit = bench.scheme.appeals
    if limit is None:
        return ""
    held = limit.within.at(bench.scheme.day(since))
    due = cal.deadline(bench.scheme.calendar, since, held.value)  # type: ignore[arg-type]
    at = filed.occurred_at
    if due.due is None or at < due.due or (due.inclusive and at == due.due):
        return ""
    last = cal.limit_text(bench.scheme.timezone, due.due)
    return f"申诉期限为 {limit.within.text(held.value)}，至 {last}，逾期不予受理"


def too_late(bench: Bench, content: Content, events: Sequence[Event]) -> dict[str, Content]:
    """Return the refusals of appeals against a decision that come too late, by event id."""
    refused: dict[str, Content] = {}
    limit = bench.scheme.appeals
    for event in events:
        payload = event.payload
        if limit is None or not isinstance(payload, AppealFiled):
            continue
        why = overrun(bench, event, content.at) if payload.target == content.slot.key() else ""
        if why:
            held = limit.within.at(bench.scheme.day(content.at))
            refused[event.id] = Content(
                slot=Slot(bench.scheme.slug, "appeals", f"unit:{payload.unit}", event.id),
                kind="lifecycle", outcome="rejected", title="申诉：不予受理",
                reason=f"{content.title}：{why}", at=event.occurred_at, unit=payload.unit,
                events=(event.id,),
                steps=(cite(limit.citation, note=why), cite_value(limit.within, held)),
                revision=bench.scheme.revision,
            )  # fmt: skip
    return refused


def struck_target(target: str, scheme: str, score: str, period: str) -> str:
    """Return the event or finding that an appeal is about: a slot of this score by its anchor."""
    if "\n" not in target:
        return target
    own, rule, _, anchor = target.split("\n")
    about_score = own == scheme and f"{rule}.".startswith(f"scores.{score}.")
    return anchor if about_score and anchor != period else target
