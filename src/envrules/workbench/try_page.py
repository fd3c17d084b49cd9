"""模拟: other values, tried on recorded history while they are dragged; then saved and published."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from nicegui import ui

from envrules import calendar as cal
from envrules.errors import RulesetError
from envrules.ruleset.edit import CannotEdit
from envrules.ruleset.load import LoadedRuleset, load_ruleset
from envrules.ruleset.overrides import with_overrides
from envrules.whatif.model import Answer, Question
from envrules.workbench import revising
from envrules.workbench.desk import Desk
from envrules.workbench.dialogs import Publishing, show_diff
from envrules.workbench.edits import Value
from envrules.workbench.frame import begin, in_words, told
from envrules.workbench.panel import Panel
from envrules.workbench.parameters import as_typed, fields, grids
from envrules.workbench.result import Result
from envrules.workbench.simulation import Latest, Simulation, simulation

IN_PLACE = "改写现行值"


@dataclass(frozen=True, slots=True)
class _Tried:
    """Values, and what they are tried in."""

    simulation: Simulation
    panel: Panel
    values: dict[str, Value]

    def words(self) -> str:
        """Return the values as a line."""
        return ";".join(f"{name}={as_typed(value)}" for name, value in self.values.items())


def _answer(tried: _Tried) -> Answer | RulesetError | CannotEdit:
    """Return what would differ, or why the values cannot be."""
    try:
        return tried.simulation.answer(tried.values)
    except (RulesetError, CannotEdit) as error:
        return error


class TryPage:
    """The page as one browser tab has it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._subjects = {
            f"{place.id}/{bound.scheme}": f"{place.title}　{bound.title}"
            for place in desk.places() for bound in place.bound
        }  # fmt: skip
        self._subject = next(iter(self._subjects), "")
        self._asked: tuple[str, str, str] = ("", "", "")
        """What the page shows, or is about to."""
        self._simulation: Simulation | None = None
        self._draft: revising.Draft | None = None
        self._panel: Panel | None = None
        self._latest = Latest(_answer, self._show)

    @property
    def _locality(self) -> str:
        return self._subject.partition("/")[0]

    @property
    def _scheme(self) -> str:
        return self._subject.partition("/")[2]

    async def build(self) -> None:
        """Put the page together, and answer the first question: what is in force."""
        begin(self._desk, "/try")
        if not self._subjects:
            ui.label("库中还没有采用方案的地区。").classes("wb-empty q-pa-lg")
            return
        with ui.element("div").classes("wb-try"):
            with ui.element("aside").classes("wb-card wb-pane wb-panel"):
                self._choices()
                self._box = ui.element("div").classes("fields").props("tabindex=-1")
                self._actions()
            self._result = Result()
        self._set_periods()
        self._asked = self._chosen()  # or the choice just made would load it a second time
        await ui.context.client.connected()  # a long history takes longer than a browser waits
        await self._load()

    # ── what is asked ──

    def _choices(self) -> None:
        with ui.element("div").classes("choose"):
            self._which = ui.select(self._subjects, value=self._subject, on_change=self._choose).props(
                'dense outlined options-dense aria-label="地区与方案"'
            ).classes("wide")  # fmt: skip
            self._first = ui.select([], label="自", on_change=self._reload).props(
                'dense outlined options-dense aria-label="自（期间）"'
            )
            self._last = ui.select([], label="至", on_change=self._reload).props(
                'dense outlined options-dense aria-label="至（期间）"'
            )

    def _set_periods(self) -> None:
        """Offer the months from the first event to now; the last that is over stands first."""
        zone, now = self._desk.place(self._locality).timezone, self._desk.now(self._locality)
        state = self._desk.runtime.locality(self._locality)[2]
        begun = min((now, *(b.since for b in state.bindings.values() if b.since)))
        last = cal.period_of(zone, now, "month")
        months = [cal.period_of(zone, begun, "month")]
        while months[-1] < last:
            months.append(cal.next_period(months[-1]))
        chosen = months[-2] if len(months) > 1 else months[-1]
        for select in (self._first, self._last):
            select.set_options(months, value=chosen)

    async def _choose(self, event: Any) -> None:
        self._subject = event.value
        self._set_periods()
        await self._reload()

    async def _reload(self) -> None:
        if self._first.value > self._last.value:
            self._last.value = self._first.value
        # Setting several choices at once tells of each.
        if self._chosen() != self._asked:
            await self._load()

    def _chosen(self) -> tuple[str, str, str]:
        return self._subject, self._first.value, self._last.value

    async def _load(self) -> None:
        """Read the history and the file anew; what was typed is forgotten."""
        asked = self._asked = self._chosen()
        self._panel = None
        self._box.clear()
        with self._box:
            ui.label("正在回放历史……").classes("wb-empty q-py-md")
        question = Question(self._scheme, self._first.value, self._last.value)
        try:
            draft = revising.draft(self._desk, self._locality, self._scheme)
            made = await asyncio.to_thread(
                simulation, self._desk.store, self._desk.runtime.library.plugins, self._locality,
                question, draft.text, draft.name,
            )  # fmt: skip
            if asked != self._asked:
                return  # something else has been chosen meanwhile
            self._draft, self._simulation = draft, made
            loaded, day = self._loaded(), self._day()
            shown, tables = fields(loaded, frozenset(self._own), day), grids(loaded, day)
        except (RulesetError, OSError) as error:
            self._box.clear()
            with self._box:
                ui.label(in_words(error)).classes("wb-bad q-py-md")
            return
        self._box.clear()
        with self._box:
            self._panel = Panel(shown, tables, self._ask)
        await self._ask()

    def _loaded(self) -> LoadedRuleset:
        assert self._draft is not None
        return with_overrides(load_ruleset(self._draft.text, self._draft.name), self._own)

    @property
    def _own(self) -> dict[str, dict[str, str]]:
        assert self._simulation is not None
        return self._simulation.prepared.in_force.source.overrides

    def _day(self) -> date:
        return cal.period_dates(self._last.value)[1]

    # ── the answer ──

    async def _ask(self) -> None:
        if self._panel is not None:
            assert self._simulation is not None
            self._state.text = "正在计算……"
            await self._latest.ask(_Tried(self._simulation, self._panel, self._panel.values()))

    async def _show(self, tried: _Tried, found: Answer | RulesetError | CannotEdit) -> None:
        panel = tried.panel
        if panel is not self._panel:
            return  # something else has been chosen meanwhile
        if not isinstance(found, Answer):
            panel.complain({panel.last: in_words(found)})
        else:
            if panel.is_good:
                panel.complain({})
            self._result.show(tried.simulation, found, tried.words())
        self._state.text = f"已改 {len(tried.values)} 项" if tried.values else "未改动"

    # ── the file, the revision ──

    def _actions(self) -> None:
        with ui.element("div").classes("do"):
            self._since = ui.input("生效日期", value=self._desk.today(self._locality).isoformat()).props(
                f'dense outlined clearable placeholder="{IN_PLACE}" aria-label="生效日期，清空为{IN_PLACE}"'
            ).tooltip(f"新值自这一天起写入文件；清空则{IN_PLACE}（追溯）。模拟总是按全期适用新值。")  # fmt: skip
            ui.button("保存", on_click=self._save).props("outline no-caps color=primary")
            ui.button("发布", on_click=self._publish).props("unelevated no-caps color=primary")
            self._state = ui.label("未改动").classes("wb-note")
            ui.button("全部还原", on_click=self._reset).props(
                "flat dense no-caps color=primary"
            ).style("grid-column: span 2")

    async def _reset(self) -> None:
        if self._panel is not None:
            await self._panel.reset()

    def _dated(self) -> dict[str, tuple[str, Value]]:
        """Return what was typed, each with the day from which it is to hold."""
        assert self._panel is not None
        since = (self._since.value or "").strip()
        if since:
            try:
                since = date.fromisoformat(since).isoformat()
            except ValueError:
                raise ValueError(f"生效日期请写成 2026-12-01 的样子，或清空以{IN_PLACE}") from None
        if not self._panel.is_good:
            raise ValueError("有的数值填得不对，请先改正标红的地方")
        return {
            name: (since or self._panel.fields[name].since or "always", value)
            for name, value in self._panel.values().items()
        }

    def _save(self) -> None:
        draft = self._draft
        if draft is None or self._panel is None:
            return
        with told():
            dated = self._dated()
            text = revising.with_values(
                draft.text, {n: v for n, v in dated.items() if n not in self._own}
            )
            if text == draft.text and draft.in_file:
                raise ValueError("没有要写入文件的改动")
            revising.check(text, draft.name)
            show_diff(draft, text, lambda: self._write(text))

    def _write(self, text: str) -> None:
        assert self._draft is not None
        with told():
            draft = self._draft = revising.save(self._draft, text)
            assert self._simulation is not None
            # From now on values are tried in the text that is in the file.
            self._simulation = replace(self._simulation, text=draft.text, file=draft.name)
            ui.notify(f"已写入 {self._draft.name}，尚未发布", type="positive")

    async def _publish(self) -> None:
        draft = self._draft
        if draft is None or self._panel is None:
            return
        with told():
            dated = self._dated()
            if any(name not in self._own for name in dated) and self._unsaved(dated):
                raise ValueError("改动还没有写入文件，请先保存再发布")
            own = {
                name: {since: as_typed(value)} for name, (since, value) in dated.items()
                if name in self._own
            }  # fmt: skip
            planned = await asyncio.to_thread(
                revising.plan, self._desk, self._locality, self._scheme, draft, own
            )
            Publishing(planned, self._put_into_force)

    def _unsaved(self, dated: dict[str, tuple[str, Value]]) -> bool:
        assert self._draft is not None
        mine = {name: given for name, given in dated.items() if name not in self._own}
        return revising.with_values(self._draft.text, mine) != self._draft.text

    async def _put_into_force(self, planned: revising.Plan, reason: str) -> None:
        with told():
            revision = await asyncio.to_thread(
                revising.publish, self._desk, self._locality, self._scheme, planned, reason
            )
            ui.notify(f"已发布，现行版本 {revision[:8]}", type="positive")
            await self._load()


def try_page(desk: Desk) -> Callable[[], Any]:
    """Return the builder of the page."""

    async def page() -> None:
        await TryPage(desk).build()

    return page
