"""Appeals: who may file one, which of them are pending, and what the upheld ones strike out."""

from __future__ import annotations

from collections.abc import Sequence

from envrules.engine.judging import Bench
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
            if payload.unit not in entitled:
                self.void.append((event, f"申诉只能由被考核的单位提出，{payload.unit} 不是"))
            elif isinstance(payload, AppealFiled):
                self._filed.setdefault(payload.appeal, []).append(event)
            elif payload.appeal not in self._filed:
                self.void.append((event, f"没有编号为 {payload.appeal} 的申诉，其裁定不生效力"))
            else:
                self._decided.setdefault(payload.appeal, []).append(event)

    def pending(self) -> list[Event]:
        """Return the filings that nobody has decided yet (申诉中)."""
        return [
            event for appeal, filed in self._filed.items() if appeal not in self._decided
            for event in filed
        ]  # fmt: skip

    def upheld(self, scheme: str, score: str, period: str) -> dict[str, str]:
        """Return what is struck out (event ids, or event#finding) and by which decision's id."""
        struck: dict[str, str] = {}
        for decided in self._decided.values():
            for event in decided:
                payload = event.payload
                assert isinstance(payload, AppealDecided)
                if payload.upheld:
                    struck[struck_target(payload.target, scheme, score, period)] = event.id
        return struck


def struck_target(target: str, scheme: str, score: str, period: str) -> str:
    """Return the event or finding that an appeal is about: a slot of this score by its anchor."""
    if "\n" not in target:
        return target
    own, rule, _, anchor = target.split("\n")
    about_score = own == scheme and f"{rule}.".startswith(f"scores.{score}.")
    return anchor if about_score and anchor != period else target
