"""What may be set of a scheme: parameters as sliders and fields, tables cell by cell, with their clauses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from nicegui import ui

from envrules.workbench.edits import Value
from envrules.workbench.parameters import Field, Grid, Line, as_typed, read, since_words

Set = Callable[[str, str], Awaitable[None]]
"""Told the name of a field and what was typed there."""
Changed = Callable[[], Awaitable[None]]


class Panel:
    """All fields, and what has been typed into them."""

    def __init__(
        self, fields: Sequence[Field], tables: Sequence[Grid], changed: Changed
    ) -> None:  # fmt: skip
        """`changed` is called when a value that fits has been set."""
        self._changed = changed
        cells = [cell for table in tables for line in table.lines for cell in line.cells]
        self.fields = {field.name: field for field in (*fields, *cells)}
        self._controls: dict[str, _Settable] = {
            field.name: _Control(field, self._set) for field in fields
        }
        self._typed: dict[str, str] = {}
        for table in tables:
            with ui.element("h3").classes("wb-table"):
                ui.label(table.title)
                ui.label(since_words(table.since)).classes("was")
            for line in table.lines:
                self._controls |= _row(line, self._set)

    def values(self) -> dict[str, Value]:
        """Return the values that fit and differ from what is in force."""
        return {
            name: value for name, typed in self._typed.items()
            for value, wrong in (read(self.fields[name], typed),)
            if not wrong and as_typed(value) != self.fields[name].value
        }  # fmt: skip

    @property
    def is_good(self) -> bool:
        """Whether every field holds a value that fits."""
        return all(not read(self.fields[name], typed)[1] for name, typed in self._typed.items())

    async def reset(self) -> None:
        """Put every field back to what is in force."""
        for name in list(self._typed):
            self._controls[name].show(self.fields[name].value)
        self._typed.clear()
        await self._changed()

    def complain(self, words: Mapping[str, str]) -> None:
        """Say at each field what is wrong with it, beyond its own value; nothing at the others."""
        for name, control in self._controls.items():
            control.complain(words.get(name, ""))

    @property
    def last(self) -> str:
        """The field that was changed last; empty if none was."""
        return next(reversed(self._typed), "")

    async def _set(self, name: str, typed: str) -> None:
        if self._typed.get(name, self.fields[name].value) == typed:
            return
        self._typed.pop(name, None)  # the last one changed stands last
        self._typed[name] = typed
        value, wrong = read(self.fields[name], typed)
        self._controls[name].show(typed if wrong else as_typed(value), typed_in=typed)
        self._controls[name].complain(wrong)
        if not wrong:
            await self._changed()


class _Settable(Protocol):
    """What shows one field."""

    def show(self, value: str, typed_in: str | None = None) -> None:
        """Show a value; what is typed in just now is left as it is."""

    def complain(self, words: str) -> None:
        """Say what is wrong; empty: nothing is."""


def _row(line: Line, set_: Set) -> dict[str, _Settable]:
    """Put a row of a table on the page: its cells side by side, and its clause."""
    with ui.element("div").classes("wb-field"):
        with ui.element("div").classes("name"):
            ui.label(line.title)
        with ui.element("div").classes("cells"):
            cells: dict[str, _Settable] = {c.name: _Cell(line, c, set_) for c in line.cells}
        _clause(line.clause, line.from_source)
    return cells


def _clause(clause: str, from_source: bool) -> None:
    ui.label(f"依据：{clause}" if from_source else f"本系统默认：{clause}").classes("clause")


class _Cell:
    """One cell of a table: a number, or the words that a row looks for."""

    def __init__(self, line: Line, field: Field, set_: Set) -> None:
        self._field, self._set = field, set_
        said = f"{line.title} {field.title}"
        box = ui.element("div").classes("cell" if field.unit == "points" else "cell wide")
        with box.props(f'data-field="{field.name}"') as self._box:
            if field.choices:
                self._put: ui.select | ui.input = ui.select(
                    dict(field.choices), value=field.value.split(), multiple=True, label=field.title,
                    on_change=self._typed,
                ).props(f'dense outlined options-dense aria-label="{said}"')  # fmt: skip
            else:
                self._put = ui.input(field.title, value=field.value, on_change=self._typed).props(
                    f'dense outlined debounce=150 aria-label="{said}"'
                )
            self._wrong = ui.label().classes("wb-bad").props('role="alert"')
            self._wrong.set_visibility(False)

    async def _typed(self, event: Any) -> None:
        given = event.value or ""
        await self._set(
            self._field.name, " ".join(given) if isinstance(given, list) else str(given).strip()
        )

    def show(self, value: str, typed_in: str | None = None) -> None:
        """Show a value; what is typed in just now is left as it is."""
        changed = value != self._field.value
        self._box.classes(add="edited" if changed else "", remove="" if changed else "edited")
        if typed_in is None:
            self._put.value = value.split() if self._field.choices else value

    def complain(self, words: str) -> None:
        """Say what is wrong; empty: nothing is."""
        self._wrong.text = words
        self._wrong.set_visibility(bool(words))
        self._put.props("error" if words else "", remove="" if words else "error")


class _Control:
    """One parameter: its name, its slider, switch or field, its clause."""

    def __init__(self, field: Field, set_: Set) -> None:
        self._field, self._set = field, set_
        self._slider: ui.slider | None = None
        self._input: ui.input | None = None
        self._switch: ui.switch | None = None
        with ui.element("div").classes("wb-field").props(f'data-field="{field.name}"') as self._box:
            with ui.element("div").classes("name"):
                ui.label(field.title)
                if field.own:
                    ui.label("本地取值").classes("chip")
                ui.label(f"现行 {_shown(field)}").classes("was").tooltip(since_words(field.since))
            self._build()
            self._wrong = ui.label().classes("wb-bad").props('role="alert"')
            self._wrong.set_visibility(False)
            _clause(field.clause, field.from_source)
            if field.contradiction:
                ui.label(f"原文矛盾：{field.contradiction}").classes("contradiction")

    def _build(self) -> None:
        field = self._field
        if field.control == "switch":
            self._switch = ui.switch(value=field.value == "true", on_change=self._switched).props(
                f'dense aria-label="{field.title}"'
            )
            return
        with ui.element("div").classes("set" if field.control == "slider" else "set plain"):
            if field.control == "slider":
                self._slider = ui.slider(
                    min=field.low, max=field.high, step=field.step, value=float(field.value),
                    on_change=self._slid,
                ).props(f'aria-label="{field.title}"')  # fmt: skip
            self._input = ui.input(value=field.value, on_change=self._typed).props(
                f'dense outlined aria-label="{field.title}（填写）" debounce=150'
            )
            ui.label(field.words).classes("unit")

    async def _slid(self, event: Any) -> None:
        if event.value is not None:
            await self._set(self._field.name, f"{round(float(event.value), 6):g}")

    async def _typed(self, event: Any) -> None:
        await self._set(self._field.name, str(event.value or "").strip())

    async def _switched(self, event: Any) -> None:
        await self._set(self._field.name, "true" if event.value else "false")

    def show(self, value: str, typed_in: str | None = None) -> None:
        """Let slider, field and switch show a value; a field that is typed in keeps what it has."""
        self._box.classes(
            add="edited" if value != self._field.value else "",
            remove="" if value != self._field.value else "edited",
        )
        if self._input is not None and (self._input.value or "").strip() != (typed_in or value):
            self._input.value = value
        if self._switch is not None:
            self._switch.value = value == "true"
        if self._slider is not None:
            number = _number(value)
            if number is not None and self._slider.value != number:
                low, high = self._field.low, self._field.high
                self._slider.value = (
                    min(max(number, low), high)
                    if typed_in is None
                    else (number if low <= number <= high else self._slider.value)
                )

    def complain(self, words: str) -> None:
        """Say what is wrong; empty: nothing is."""
        self._wrong.text = words
        self._wrong.set_visibility(bool(words))
        if self._input is not None:
            self._input.props("error" if words else "", remove="" if words else "error")


def _shown(field: Field) -> str:
    if field.control == "switch":
        return "是" if field.value == "true" else "否"
    return f"{field.value or '无'} {field.words}".strip()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
