"""今日待办: what waits, and the buttons to settle it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from envrules.workbench.desk import WAIT, Desk
from envrules.workbench.frame import begin, told
from envrules.workbench.todo import PendingAppeals, Todo, Waiting, todo

_MOST = 60
"""Approvals shown at once; the rest come up as these are settled."""


class TodoPage:
    """The page as one browser tab has it."""

    def __init__(self, desk: Desk, appeals: PendingAppeals) -> None:
        self._desk, self._appeals = desk, appeals
        self._places = {place.id: place.title for place in desk.places()}
        self._locality = next(iter(self._places), "")

    async def build(self) -> None:
        """Put the page together."""
        begin(self._desk, "/")
        if not self._places:
            ui.label("库中还没有地区。").classes("wb-empty q-pa-lg")
            return
        await ui.context.client.connected()  # a long log takes longer than a browser waits
        found = [await asyncio.to_thread(self._todo, one) for one in self._places]
        waits = {one: len(t.approvals) for one, t in zip(self._places, found, strict=True)}
        self._locality = max(self._places, key=lambda one: waits[one])
        self._body = ui.element("main").classes("wb-todo")
        self._fill(found[list(self._places).index(self._locality)])

    def _todo(self, locality: str) -> Todo:
        return todo(self._desk, self._appeals, locality)

    async def _refresh(self) -> None:
        self._fill(await asyncio.to_thread(self._todo, self._locality))

    def _fill(self, found: Todo) -> None:
        self._body.clear()
        with self._body:
            self._approvals(found)
            with ui.element("div").classes("side"):
                self._side(found)

    # ── approvals ──

    def _approvals(self, found: Todo) -> None:
        with ui.element("section").classes("wb-card wb-pane"):
            with ui.element("header"):
                _heading("待批准与待公布", len(found.approvals))
                ui.space()
                ui.label(f"当地时间 {found.time}").classes("wb-note")
                ui.select(self._places, value=self._locality, on_change=self._choose).props(
                    'dense outlined options-dense aria-label="地区"'
                )  # fmt: skip
            with ui.element("div").classes("body"):
                if found.stall:
                    ui.label(found.stall).classes("wb-bad")
                if not found.approvals:
                    ui.label("没有等待批准的决定。").classes("wb-empty q-py-md")
                for one in found.approvals[:_MOST]:
                    self._approval(one)
                if len(found.approvals) > _MOST:
                    ui.label(f"另有 {len(found.approvals) - _MOST} 项，办完这些后显示。").classes(
                        "wb-note"
                    )

    def _approval(self, one: Waiting) -> None:
        with ui.element("article").classes("wb-item"):
            with ui.element("div").classes("what"):
                ui.html(f'<span class="chip">{"已批准，待公布" if one.publication == "approved" else "待批准"}</span>',
                        sanitize=False, tag="span")  # fmt: skip
                ui.label(f"{one.title}　{one.unit}").style("display:inline")
            with ui.element("div").classes("acts"):
                about = f"{one.unit}{one.title}"
                if one.publication == "proposed":
                    self._button("批准并公布", about, one, ("approve", "publish")).props(
                        "unelevated"
                    )
                    self._button("批准", about, one, ("approve",)).props("outline")
                else:
                    self._button("公布", about, one, ("publish",)).props("unelevated")
                ui.button("不予批准", on_click=lambda: self._reject(one)).props(
                    f'flat dense no-caps color=negative aria-label="不予批准 {about}"'
                )
            with ui.element("div").classes("why"):
                ui.label(f"{one.when}　{one.reason}")

    def _button(self, text: str, about: str, one: Waiting, acts: Sequence[str]) -> ui.button:
        return ui.button(text, on_click=lambda: self._act(one, acts)).props(
            f'dense no-caps color=primary aria-label="{text} {about}"'
        )

    async def _act(self, one: Waiting, acts: Sequence[str], reason: str = "") -> None:
        with told():
            await asyncio.to_thread(self._carry_out, one.id, acts, reason)
            words = {"approve": "已批准", "publish": "已公布", "revoke": "不予批准"}[acts[-1]]
            ui.notify(f"{one.unit}{one.title}：{words}", type="positive")
        await self._refresh()

    def _carry_out(self, decision: str, acts: Sequence[str], reason: str) -> None:
        runtime = self._desk.runtime
        seq = runtime.act(self._locality, decision, acts, self._desk.by, reason)
        runtime.wait_decided(self._locality, seq, WAIT)

    def _reject(self, one: Waiting) -> None:
        with ui.dialog(value=True) as dialog, ui.card().classes("wb-dialog").style("width: 460px"):
            ui.label(f"不予批准：{one.unit}{one.title}").style("font-weight: 600; font-size: 16px")
            reason = (
                ui.input("原因（必填，记录在案）")
                .props("autofocus outlined dense")
                .classes("w-full")
            )

            async def confirm() -> None:
                if not (reason.value or "").strip():
                    reason.props('error error-message="请写明原因"')
                    return
                dialog.close()
                await self._act(one, ("revoke",), reason.value.strip())

            with ui.row().classes("w-full justify-end"):
                ui.button("取消", on_click=dialog.close).props("flat")
                ui.button("不予批准", on_click=confirm).props("unelevated color=negative")

    async def _choose(self, event: Any) -> None:
        self._locality = event.value
        await self._refresh()

    # ── what else ──

    def _side(self, found: Todo) -> None:
        with _pane("今日到期", len(found.limits), f"{found.day} 没有到期的时限。"):
            for limit in found.limits:
                _small(f"{limit.when[11:]}　{limit.unit}　{limit.issues}", limit.reason)
        with _pane("待决申诉", len(found.appeals), "没有待决的申诉。"):
            for appeal in found.appeals:
                _small(appeal.unit, f"{appeal.when}　{appeal.about}")
        with _pane("未收录的代码", len(found.codes), "没有因代码不识而暂存的案件。"):
            for code in found.codes:
                _small(f"{code.what}　{code.count} 件", f"例 {code.examples}")
        with _pane("台账不全", len(found.ledgers), "台账没有缺项。"):
            for gap in found.ledgers:
                _small(f"{gap.unit}　{gap.title}", f"{gap.when}　{gap.reason}")


def _heading(title: str, count: int) -> None:
    ui.html(
        f'{title} <span class="wb-num{"" if count else " zero"}">{count}</span>',
        sanitize=False,
        tag="h2",
    )


def _pane(title: str, count: int, nothing: str) -> ui.element:
    with ui.element("section").classes("wb-card wb-pane"):
        with ui.element("header"):
            _heading(title, count)
        body = ui.element("div").classes("body")
    if not count:
        with body:
            ui.label(nothing).classes("wb-empty q-py-xs")
    return body


def _small(strong: str, rest: str) -> None:
    with ui.element("div").classes("wb-small"):
        ui.label(strong).style("font-weight: 600")
        ui.label(rest).style("color: var(--dim)")


def todo_page(desk: Desk) -> Callable[[], Any]:
    """Return the builder of the page."""
    appeals = PendingAppeals(desk)

    async def page() -> None:
        await TodoPage(desk, appeals).build()

    return page
