"""When limits of an imported standard run out, asked of the engine itself."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from envrules.engine.memory import MemoryLocality
from envrules.model.decisions import Content
from envrules.model.entries import Arrived, Published
from envrules.model.events import Event, IssueFound, IssueMoved, UnitDeclared
from envrules.plugin_manager import load_plugins
from envrules.ruleset.codes import CodeTableText
from envrules.runtime.library import Library

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> int:
    """Return an instant, in local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()) * 1_000_000


def local(instant: int) -> str:
    """Return an instant as people there read it."""
    return f"{datetime.fromtimestamp(instant / 1_000_000, ZONE):%Y-%m-%d %H:%M}"


class City:
    """One locality in memory, under an imported ruleset with its code table."""

    def __init__(self, ruleset: Path) -> None:
        library = Library(load_plugins())
        table = ruleset.with_suffix(".codes.yaml")
        codes = CodeTableText(table.name, table.read_text("utf-8"))
        scheme = library.add(ruleset.read_text("utf-8"), ruleset.name, {}, 0, codes)
        self.memory = MemoryLocality("city", library)
        unit = UnitDeclared("wells", "排水中心", "unit")
        self.memory.append(Arrived(Event("u", at("2026-01-01 00:00"), unit)))
        self.memory.append(Published(scheme.slug, scheme.revision))

    def dispatched(self, code: str, condition: str, when: str) -> list[Content]:
        """Return what holds of an issue, in the host's codes, that was dispatched then."""
        kind, large, small = code.split(" ")
        issue = f"案{code}{condition}"
        found = IssueFound(
            issue, object_class="component" if kind == "部件" else "event", large_class=large,
            small_class=small, condition=condition, handling_unit="wells",
        )  # fmt: skip
        moved = IssueMoved(issue, "dispatched", to_unit="wells")
        self.memory.append(Arrived(Event(f"f{issue}", at("2026-06-30 12:00"), found)))
        self.memory.append(Arrived(Event(f"d{issue}", at(when), moved)))
        contents = (decision.content for _, decision in sorted(self.memory.effective().items()))
        return [content for content in contents if content.issues == (issue,)]

    def due(self, code: str, condition: str, when: str) -> str:
        """Return when the one limit of such an issue runs out, in local time."""
        (limit,) = self.dispatched(code, condition, when)
        assert limit.due is not None
        return local(limit.due)
