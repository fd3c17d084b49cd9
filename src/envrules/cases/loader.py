"""From the text of a file of worked cases to `CaseFile`, with every mistake at its place."""

from __future__ import annotations

from collections.abc import Callable
from os.path import dirname, join, normpath
from typing import Any, Literal, cast

from envrules import calendar as cal
from envrules.cases.events import event_template, expand
from envrules.cases.expectations import NOTHING, read_expectations, read_pattern
from envrules.cases.model import (
    ActStep,
    Case,
    CaseFile,
    CloseStep,
    Equivalent,
    EventStep,
    ExpectStep,
    Overrides,
    PublishStep,
    Step,
    TickStep,
)
from envrules.cases.reading import Reader
from envrules.errors import RulesetError
from envrules.kinds.compiled import plain
from envrules.model.values import ALWAYS
from envrules.ruleset.source import Path, parse

_FILE = ("scheme", "ruleset", "defaults", "cases", "equivalent")
_EQUIVALENT = ("mutants", "because")
_DEFAULTS = ("units", "overrides", "codes", "begins")
_CASE = ("name", "ref", *_DEFAULTS, "steps", "expect")
_EVENT = ("event", "each", "by")
_ACTS = ("approve", "publish", "revoke")
BY = "平台"
"""Who submits events and acts unless the case says otherwise."""


def load_cases(text: str, file: str) -> CaseFile:
    """Return the cases in `text`; `file` is its name in problems and failures.

    Raises:
        RulesetError: with everything that is wrong, each problem at its line and column.
    """
    reader = Reader(parse(text, file), file)
    found = _Loader(reader).file()
    if reader.problems:
        raise RulesetError(reader.problems)
    return found


class _Loader:
    """Reads the parts of a file; what is wrong is noted in the reader."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._steps: dict[str, Callable[[Path, int], Step]] = {
            "event": self._event, "tick": self._tick, "close": self._close,
            "approve": self._act, "publish": self._act, "revoke": self._act,
            "publish_ruleset": self._publish, "expect": self._expect,
        }  # fmt: skip

    def file(self) -> CaseFile:
        reader = self.reader
        top = reader.fields((), "a file of worked cases", _FILE, ("scheme", "cases"))
        defaults: dict[str, Any] = {"units": (), "overrides": {}, "codes": "", "begins": ""}
        if "defaults" in top:
            reader.fields(("defaults",), "defaults", _DEFAULTS)
            defaults = self._setting(("defaults",), defaults)
        cases = [self._case(path, defaults) for path in self._cases(top)]
        equivalent = tuple(map(self._equivalent, self._items((), "equivalent")))
        return CaseFile(
            reader.file, self._text((), "scheme"), self._text((), "ruleset"), tuple(cases),
            equivalent,
        )  # fmt: skip

    def _cases(self, top: Any) -> list[Path]:
        if "cases" not in top:
            return []
        paths = self.reader.items(("cases",), "cases")
        if not paths and isinstance(top["cases"], tuple):
            self.reader.refuse(
                ("cases",), "ER209", "there is no case", "write at least one", key=True
            )
        return paths

    def _case(self, path: Path, defaults: dict[str, Any]) -> Case:
        reader = self.reader
        given = reader.fields(path, "a case", _CASE, ("name", "steps", "expect"))
        setting = self._setting(path, defaults)
        steps = [
            self._step(item, number)
            for number, item in enumerate(
                reader.items((*path, "steps"), "steps") if "steps" in given else [], start=1
            )
        ]
        expect = NOTHING
        if "expect" in given:
            expect = read_expectations(reader, (*path, "expect"), final=True)
        return Case(
            name=self._text(path, "name"), location=reader.location(path),
            ref=self._text(path, "ref"), steps=tuple(step for step in steps if step is not None),
            expect=expect, **setting,
        )  # fmt: skip

    def _setting(self, path: Path, defaults: dict[str, Any]) -> dict[str, Any]:
        """Return what defaults and case both may set; a case's overrides add to the defaults'."""
        given = self.reader.at(path)
        setting = dict(defaults)
        if not isinstance(given, dict):
            return setting
        if "units" in given:
            setting["units"] = self._units((*path, "units"))
        if "overrides" in given:
            own = self._overrides((*path, "overrides"))
            setting["overrides"] = {**defaults["overrides"], **own}
        if "codes" in given:
            setting["codes"] = self._path(path, "codes")
        if "begins" in given:
            setting["begins"] = self.reader.time((*path, "begins"), "begins")
        return setting

    def _units(self, path: Path) -> tuple[tuple[str, str], ...]:
        return tuple(
            (kind, unit)
            for kind in self.reader.mapping(path, "units")
            for item in self.reader.items((*path, kind), f"units of type {kind}")
            for unit in expand(self.reader.text(item, "a unit"))
        )

    def _overrides(self, path: Path) -> Overrides:
        """Return overrides: a value alone holds always."""
        found: Overrides = {}
        for name, value in self.reader.mapping(path, "overrides").items():
            dated = value if isinstance(value, dict) else {ALWAYS: value}
            found[name] = {day: self._value((*path, name), one) for day, one in dated.items()}
        return found

    def _value(self, path: Path, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if value is None or isinstance(value, dict | tuple):
            self.reader.refuse(path, "ER204", f"{path[-1]} needs a value", "write `always: 70`")
            return ""
        return value if isinstance(value, str) else plain(value)

    def _equivalent(self, path: Path) -> Equivalent:
        given = self.reader.fields(path, "an item of `equivalent`", _EQUIVALENT, _EQUIVALENT)
        mutants: tuple[str, ...] = ()
        if "mutants" in given:
            mutants = self.reader.texts((*path, "mutants"), "mutants")
        return Equivalent(self.reader.location(path), mutants, self._text(path, "because"))

    def _items(self, path: Path, name: str) -> list[Path]:
        given = self.reader.at(path)
        present = isinstance(given, dict) and name in given
        return self.reader.items((*path, name), name) if present else []

    def _text(self, path: Path, name: str) -> str:
        given = self.reader.at(path)
        if not isinstance(given, dict) or name not in given:
            return ""
        return self.reader.text((*path, name), name)

    def _path(self, path: Path, name: str) -> str:
        """Return a path that is given from the file's folder."""
        given = self._text(path, name)
        return normpath(join(dirname(self.reader.file), given)) if given else ""

    # ── steps ──

    def _step(self, path: Path, number: int) -> Step | None:
        given = self.reader.mapping(path, "a step")
        kinds = [name for name in self._steps if name in given]
        if len(kinds) != 1:
            said = "several kinds at once: " + ", ".join(kinds) if kinds else "no kind of step"
            one_of = ", ".join(self._steps)
            self.reader.refuse(
                path, "ER208", f"a step has {said}", f"write exactly one of {one_of}"
            )
            return None
        known = _EVENT if kinds[0] == "event" else tuple(kinds)
        self.reader.fields(path, f"the step `{kinds[0]}`", known)
        return self._steps[kinds[0]]((*path, kinds[0]), number)

    def _event(self, path: Path, number: int) -> Step:
        step = path[:-1]
        template = event_template(self.reader, step, number)
        return EventStep(self.reader.location(path), template.events, self._text(step, "by") or BY)

    def _tick(self, path: Path, number: int) -> Step:  # noqa: ARG002
        return TickStep(self.reader.location(path), self.reader.time(path, "tick"))

    def _close(self, path: Path, number: int) -> Step:  # noqa: ARG002
        period = self.reader.text(path, "close")
        try:
            cal.period_dates(period)
        except cal.CalendarError as error:
            if period:
                self.reader.refuse(path, "ER207", str(error), "write it as 2026-07, 2026Q3 or 2026")
        return CloseStep(self.reader.location(path), period)

    def _act(self, path: Path, number: int) -> Step:  # noqa: ARG002
        action = cast(Literal["approve", "publish", "revoke"], path[-1])
        pattern = read_pattern(
            self.reader, path, f"the step `{action}`", ("count", "by", "at", "reason")
        )
        given = self.reader.at(path)
        at = ""
        if isinstance(given, dict) and "at" in given:
            at = self.reader.time((*path, "at"), "at")
        return ActStep(
            self.reader.location(path), action, pattern, self._text(path, "by") or BY, at,
            self._text(path, "reason"),
        )  # fmt: skip

    def _publish(self, path: Path, number: int) -> Step:  # noqa: ARG002
        given = self.reader.at(path)
        required = () if isinstance(given, dict) and "codes" in given else ("set",)
        given = self.reader.fields(path, "publish_ruleset", ("set", "codes"), required)
        own = self._overrides((*path, "set")) if "set" in given else {}
        return PublishStep(self.reader.location(path), own, self._path(path, "codes"))

    def _expect(self, path: Path, number: int) -> Step:  # noqa: ARG002
        return ExpectStep(
            self.reader.location(path), read_expectations(self.reader, path, final=False)
        )
