"""How the program logs: lines for people, or JSON for machines. Never the content of an event.

What a line is about goes into `extra=`, as plain values under these names: `locality`,
`principal`, `event_id`, `seq` or `first_seq` and `last_seq`, `decision_id`, `scheme`, `revision`,
`period`. What the call is that it was logged in, `IDS` knows.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

Format: TypeAlias = Literal["text", "json"]
Level: TypeAlias = Literal["debug", "info", "warning", "error"]

IDS: ContextVar[Mapping[str, str] | None] = ContextVar("ids", default=None)
"""What tells the call under way from all others: `method`, `request_id`, `trace_id`, `span_id`."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LEVELS: Mapping[Level, int] = {
    "debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING,
    "error": logging.ERROR,
}  # fmt: skip
_OTHERS_ARE_LOUD = "alembic"
"""It tells every migration that it has nothing to do."""


_FORMAT, _LEVEL = "ENVRULES_LOG_FORMAT", "ENVRULES_LOG_LEVEL"


def environment() -> dict[str, str]:
    """Return the variables that let a process that this one starts log as it does."""
    ours = logging.getLogger("envrules").getEffectiveLevel()
    is_json = any(isinstance(h.formatter, JsonLines) for h in logging.getLogger().handlers)
    level: Level = next((name for name, number in _LEVELS.items() if number >= ours), "error")
    return {_FORMAT: "json" if is_json else "text", _LEVEL: level}


def configure_as_told() -> None:
    """Log as the process does that started this one."""
    level: Level = next((name for name in _LEVELS if name == os.environ.get(_LEVEL)), "info")
    configure("json" if os.environ.get(_FORMAT) == "json" else "text", level)


def configure(how: Format = "text", level: Level = "info") -> None:
    """Log to stderr from now on. A process that takes no options calls `configure_as_told`."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if how == "json" else TextLines())
    logging.basicConfig(handlers=[handler])
    # Of what lies beneath we want to hear the troubles, not every step.
    logging.getLogger().setLevel(max(_LEVELS[level], logging.INFO))
    logging.getLogger("envrules").setLevel(_LEVELS[level])
    logging.getLogger(_OTHERS_ARE_LOUD).setLevel(logging.WARNING)
    if how == "json":
        logging.captureWarnings(True)


class TextLines(logging.Formatter):
    """Time, level and message, and what it is about as `name=value`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        """Return the line without a traceback."""
        fields = (f"{name}={value}" for name, value in _fields(record) if value != "")
        return " ".join((super().formatMessage(record), *fields))


class JsonLines(logging.Formatter):
    """One JSON object a line: `time` (UTC), `level`, `logger`, `message`, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, whatever it holds."""
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **dict(_fields(record)),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    """Yield what the record is about, then the call that it was logged in."""
    for name, value in vars(record).items():
        if name not in _STANDARD and not name.startswith("_"):
            yield name, value
    yield from (IDS.get() or {}).items()
