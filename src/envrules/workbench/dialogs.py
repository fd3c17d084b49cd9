"""What is asked before a file is written and before a revision is published."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable
from html import escape

from nicegui import ui

from envrules.workbench.revising import Draft, Plan


def diff_html(before: str, after: str) -> str:
    """Return the lines that differ, marked."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[
        2:
    ]
    shown = []
    for line in lines:
        kind = {"+": "plus", "-": "minus"}.get(line[0], "")
        if kind:
            shown.append(f'<div class="{kind}">{escape(line)}</div>')
    return "".join(shown)


def show_diff(draft: Draft, text: str, write: Callable[[], None]) -> None:
    """Show what will be written, and write it when that is confirmed."""

    def confirm() -> None:
        dialog.close()
        write()

    with ui.dialog(value=True) as dialog, ui.card().style("width: 900px; max-width: 92vw"):
        ui.label(f"将写入 {draft.name}").style("font-weight: 600; font-size: 16px")
        if draft.in_file:
            ui.html(diff_html(draft.text, text), sanitize=False).classes("wb-diff w-full")
            ui.label("其余各行、注释与顺序不变。").classes("wb-note")
        else:
            ui.label("该文件夹里还没有这个方案的文件，将新建一份。").classes("wb-note")
        with ui.row().classes("w-full justify-end"):
            ui.button("取消", on_click=dialog.close).props("flat")
            ui.button("写入文件", on_click=confirm).props("unelevated autofocus")


class Publishing:
    """The question before a publication: what changes, and why if it reaches into the past."""

    def __init__(self, planned: Plan, publish: Callable[[Plan, str], Awaitable[None]]) -> None:
        self._planned, self._publish = planned, publish
        with (
            ui.dialog(value=True) as self._dialog,
            ui.card().style("width: 760px; max-width: 92vw"),
        ):
            ui.label(f"发布为版本 {planned.revision[:8]}").style(
                "font-weight: 600; font-size: 16px"
            )
            self._changes()
            self._reason = (
                ui.input("原因（必填，记录在案）" if planned.retroactive else "原因（记录在案）")
                .props("outlined dense autofocus")
                .classes("w-full")
            )
            with ui.row().classes("w-full justify-end"):
                ui.button("取消", on_click=self._dialog.close).props("flat")
                button = ui.button(
                    "追溯发布" if planned.retroactive else "发布", on_click=self._confirm
                )
                button.props("unelevated").set_enabled(bool(planned.changes))

    def _changes(self) -> None:
        planned = self._planned
        if not planned.changes:
            ui.label("与现行版本没有差别，无须发布。").classes("wb-note")
            return
        with ui.element("div").style("max-height: 46vh; overflow: auto; width: 100%"):
            for change in planned.changes:
                since = {"always": "自始", "": ""}.get(change.since, f"自 {change.since} 起")
                ui.label(
                    f"{change.title or change.path}：{change.before} → {change.after}　{since}"
                )
        if planned.retroactive:
            ui.label(
                "改动涉及今日以前的数值：未结账的期间将按新值重判，已结账的不变。须写明原因。"
            ).classes("wb-bad")

    async def _confirm(self) -> None:
        reason = (self._reason.value or "").strip()
        if self._planned.retroactive and not reason:
            self._reason.props('error error-message="请写明原因"')
            return
        self._dialog.close()
        await self._publish(self._planned, reason)
