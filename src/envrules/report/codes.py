"""The codes of a host that nobody has mapped: for people, and as a draft of the table to come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo

from rich.table import Table

from envrules.report.tables import local, table
from envrules.ruleset.code_table import HostCode
from envrules.v1 import events_pb2
from envrules.v1 import ruleset_service_pb2 as pb

_CLASSES = {events_pb2.OBJECT_CLASS_COMPONENT: "component", events_pb2.OBJECT_CLASS_EVENT: "event"}


def unknown_table(codes: Sequence[pb.UnknownCode], zone: tzinfo) -> Table:
    """Return unknown codes, one a row, in the order given."""
    several = len({code.scheme for code in codes}) > 1
    made = table()
    if several:
        made.add_column("方案", no_wrap=True)
    made.add_column("代码", overflow="fold")
    made.add_column("件数", justify="right", no_wrap=True)
    made.add_column("最早", no_wrap=True)
    made.add_column("最近", no_wrap=True)
    made.add_column("例", ratio=1, overflow="fold")
    for code in codes:
        made.add_row(
            *([code.scheme] if several else ()),
            f"地点 {code.place}" if code.place else str(_code(code)), str(code.count),
            local(code.first_seen, zone), local(code.last_seen, zone),
            "、".join(code.issues or code.event_ids),
        )  # fmt: skip
    return made


def draft_entries(codes: Iterable[pb.UnknownCode]) -> Iterator[str]:
    """Yield a line of a code table for each code; what it means is left to fill in.

    Where the host sends classes, what it writes as the category is taken for their title.
    """
    for code in codes:
        waiting = f"  # {code.count} 件，例 {'、'.join(code.issues or code.event_ids)}"
        if code.place:
            yield f"# places: {{{_quoted(code.place)}: }}{waiting}"
            continue
        named = "title" if code.large_class or code.small_class else "category_code"
        fields = {
            "class": _CLASSES.get(code.object_class, ""), "large": _quoted(code.large_class),
            "small": _quoted(code.small_class), "condition": _quoted(code.condition),
            named: _quoted(code.category),
        }  # fmt: skip
        given = ", ".join(f"{name}: {value}" for name, value in fields.items() if value)
        yield f"- {{{given}, category: }}{waiting}"


def _quoted(text: str) -> str:
    """Return a code as a quoted scalar of YAML."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if text else ""


def _code(code: pb.UnknownCode) -> HostCode:
    return HostCode(
        code.category, code.condition, code.small_class, code.large_class,
        _CLASSES.get(code.object_class, ""),
    )  # fmt: skip
