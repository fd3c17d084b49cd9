"""The right side of the simulation: what an answer looks like, redrawn with every answer."""

from __future__ import annotations

from nicegui import ui

from envrules.whatif.model import Answer
from envrules.workbench import answers, picture
from envrules.workbench.simulation import Simulation


class Result:
    """Headline, charts, map, lists and movers of one score and period."""

    def __init__(self) -> None:
        self._simulation: Simulation | None = None
        self._answer: Answer | None = None
        self._count = 0
        with ui.element("main").classes("wb-view") as self._box:
            with ui.element("div").classes("wb-card wb-head"):
                ui.html('<div class="stamp">模拟</div>', sanitize=False)
                self._head = ui.html("", sanitize=False).props('role="status" aria-live="polite"')
                ui.space()
                self._which = ui.select({}, on_change=self._draw).props(
                    'dense outlined options-dense aria-label="得分项目与期间"'
                )
            with ui.element("div").classes("wb-charts") as self._charts:
                _, self._spread = _chart("得分分布")
                self._banded, self._filling = _chart("等次")
                with ui.element("section").classes("wb-card"):
                    self._map_title = ui.html("", sanitize=False, tag="h2")
                    self._map = ui.html("", sanitize=False).classes("map")
            self._low = ui.element("div").classes("wb-low")
            with self._low:
                with ui.element("section").classes("wb-card"):
                    ui.html("变动的单位", sanitize=False, tag="h2")
                    self._movers = (
                        ui.html("", sanitize=False)
                        .classes("wb-scroll")
                        .props('tabindex=0 role=region aria-label="变动的单位"')
                    )
                with ui.element("section").classes("wb-card") as self._listed:
                    ui.html("榜单", sanitize=False, tag="h2")
                    self._lists = (
                        ui.html("", sanitize=False)
                        .classes("wb-scroll")
                        .props('tabindex=0 role=region aria-label="榜单"')
                    )

    def show(self, simulation: Simulation, answer: Answer, tried: str) -> None:
        """Show an answer, for the score and period that are chosen if it has them.

        `tried` says which values it answers.
        """
        self._simulation, self._answer = simulation, answer
        self._box.props(f'data-tried="{tried}"')
        options = {
            f"{row.score} {row.period}": f"{simulation.scheme.score(row.score).citation.title} {row.period}"
            for row in answer.rows
        }
        drawn = self._count
        if options != self._which.options:
            chosen = (
                self._which.value if self._which.value in options else next(iter(options), None)
            )
            self._which.set_options(options, value=chosen)  # draws, if it chooses another one
        if self._count == drawn:
            self._draw()

    def _draw(self) -> None:
        simulation, answer = self._simulation, self._answer
        if simulation is None or answer is None:
            return
        score, _, period = (self._which.value or " ").partition(" ")
        rows = [row for row in answer.rows if (row.score, row.period) == (score, period)]
        scheme = simulation.scheme
        self._head.content = answers.headline(answer, rows)
        _redraw(self._spread, picture.spread(rows))
        _redraw(self._filling, picture.filling(rows, scheme.bands.get(score, ())))
        self._map.content = answers.map_svg(
            picture.shapes(rows, scheme, simulation.registry, answers.MAP)
        )
        what = "等次" if scheme.bands.get(score) else "上榜"
        outlined = picture.has_outlines(rows, scheme, simulation.registry)
        self._map_title.content = f"{what}地图" if outlined else f"{what}方格图（单位没有边界数据）"
        self._banded.set_visibility(bool(scheme.bands.get(score)))
        self._charts.classes(
            add="" if scheme.bands.get(score) else "unbanded",
            remove="unbanded" if scheme.bands.get(score) else "",
        )
        titles = {rule.id: rule.citation.title for rule in scheme.lists}
        self._movers.content = answers.movers(answer, rows, titles)
        listed = answers.lists(scheme, rows, score)
        self._lists.content = listed
        self._listed.set_visibility(bool(listed))
        self._low.classes(add="listed" if listed else "", remove="" if listed else "listed")
        self._count += 1
        self._box.props(f"data-answer={self._count}")


def _chart(title: str) -> tuple[ui.element, ui.echart]:
    with ui.element("section").classes("wb-card") as card:
        ui.html(title, sanitize=False, tag="h2")
        return card, ui.echart({}).classes("chart")


def _redraw(chart: ui.echart, options: dict[str, object]) -> None:
    chart.options.clear()
    chart.options.update(options)
    chart.update()
