"""Charts and maps as SVG inside a page: no script, nothing fetched, legible in black and white."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from envrules.report.bulletin.document import Area, Cell, Chart, Map, shown
from envrules.report.markup import Html, el, together

_COLOURS = ("#1f4e8c", "#b3541e", "#2f7d4f", "#7a3b8f", "#8a6d00", "#444444")
_DASHES = ("", "7 4", "2 3", "9 3 2 3", "12 5", "4 2")
_WIDTH, _HEIGHT = 680, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 24, 36, 34
_TICKS = 4


def chart_svg(chart: Chart) -> Html:
    """Return the lines of a chart; what each point says stands in the table beside it."""
    low, high = _scale(chart)
    step = (high - low) / _TICKS
    content: list[Html] = []
    for i in range(_TICKS + 1):
        value = low + step * i
        y = _number(_y(value, low, high))
        content += [
            el("line", x1=str(_LEFT), x2=str(_WIDTH - _RIGHT), y1=y, y2=y, stroke="#d5d8dc"),
            el("text", shown(Cell(_plain(value)), chart.kind), x=str(_LEFT - 8), y=y, dy=".35em",
               text_anchor="end"),
        ]  # fmt: skip
    for i, label in enumerate(chart.labels):
        content.append(el("text", label, x=_number(_x(i, len(chart.labels))),
                          y=str(_HEIGHT - _BOTTOM + 20), text_anchor="middle"))  # fmt: skip
    for i, (name, values) in enumerate(chart.lines):
        content += _line(i, name, values, low, high, label=len(chart.lines) == 1, chart=chart)
    return _svg(_WIDTH, _HEIGHT, chart.title, content)


def _line(
    i: int, name: str, values: Sequence[Decimal | None], low: Decimal, high: Decimal, *,
    label: bool, chart: Chart,
) -> Iterator[Html]:  # fmt: skip
    """Yield one line with its points and its name; a gap where there is no figure."""
    colour, dashes = _COLOURS[i % len(_COLOURS)], _DASHES[i % len(_DASHES)]
    points = [
        None if value is None else (_x(n, len(values)), _y(value, low, high))
        for n, value in enumerate(values)
    ]
    for stretch in _stretches(points):
        path = " ".join(f"{_number(x)},{_number(y)}" for x, y in stretch)
        yield el("polyline", points=path, fill="none", stroke=colour, stroke_width="2",
                 stroke_dasharray=dashes)  # fmt: skip
    for value, point in zip(values, points, strict=True):
        if point is None or value is None:
            continue
        yield el("circle", cx=_number(point[0]), cy=_number(point[1]), r="3", fill=colour)
        if label:
            yield el("text", shown(Cell(value), chart.kind), x=_number(point[0]),
                     y=_number(point[1] - 9), text_anchor="middle")  # fmt: skip
    start = _LEFT + 150 * i
    yield el("line", x1=str(start), x2=str(start + 30), y1="14", y2="14", stroke=colour,
             stroke_width="2", stroke_dasharray=dashes)  # fmt: skip
    yield el("text", name, x=str(start + 36), y="14", dy=".35em")


def _stretches(
    points: Sequence[tuple[Decimal, Decimal] | None],
) -> Iterator[list[tuple[Decimal, Decimal]]]:
    """Yield the runs of points without a gap."""
    run: list[tuple[Decimal, Decimal]] = []
    for point in [*points, None]:
        if point is not None:
            run.append(point)
        elif run:
            yield run
            run = []


def _scale(chart: Chart) -> tuple[Decimal, Decimal]:
    """Return the ends of the axis: shares from 0 to 1, points rounded outwards to fives."""
    if chart.kind == "percent":
        return Decimal(0), Decimal(1)
    values = [value for _, line in chart.lines for value in line if value is not None]
    low = (min(values) / 5).to_integral_value(ROUND_FLOOR) * 5
    high = (max(values) / 5).to_integral_value(ROUND_CEILING) * 5
    return (low, high) if high > low else (low - 10, high + 10)


def _x(n: int, of: int) -> Decimal:
    return _LEFT + Decimal(_WIDTH - _LEFT - _RIGHT) * (2 * n + 1) / (2 * of)


def _y(value: Decimal, low: Decimal, high: Decimal) -> Decimal:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / (high - low)


def _number(value: Decimal | float) -> str:
    return f"{value:.1f}"


def _plain(value: Decimal) -> Decimal:
    """Return a tick without needless zeros, and never as 1E+2."""
    return Decimal(f"{value.normalize():f}")


# ── maps ──

_MAP = 400


def map_svg(drawn: Map) -> Html:
    """Return the units in their colours, north up, each with its name, and a legend."""
    bounds = _bounds(drawn.areas)
    width, height = _MAP, max(120, round(_MAP * _ratio(bounds)))
    shapes, names = [], []
    size = _number(_letters(drawn.areas, bounds, width))
    for area in drawn.areas:
        told = el("title", f"{area.title} {area.caption} {area.band}")
        shapes += [_shape(part, area.colour, told, bounds, width, height)
                   for part in _parts(area.geometry)]  # fmt: skip
        x, y = _middle(area, bounds, width, height)
        names.append(el("text", area.title, x=_number(x), y=_number(y), text_anchor="middle",
                        class_="name", font_size=size))  # fmt: skip
    return together(_svg(width, height, drawn.title, [*shapes, *names]), _legend(drawn))


def _legend(drawn: Map) -> Html:
    bands = dict.fromkeys((area.band, area.colour) for area in drawn.areas)
    items = (
        el("li", el("span", class_="swatch", style=f"background:{colour}"), band)
        for band, colour in bands
    )
    return el("ul", *items, class_="legend")


def _parts(geometry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield points, lines and polygons of a geometry."""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind.startswith("Multi"):
        yield from ((kind.removeprefix("Multi"), part) for part in coordinates)
    else:
        yield kind, coordinates


def _shape(
    part: tuple[str, Any], colour: str, told: Html, bounds: tuple[float, ...], width: int,
    height: int,
) -> Html:  # fmt: skip
    kind, coordinates = part

    def path(ring: Any) -> str:
        return "M" + "L".join(
            f"{_number(x)},{_number(y)}"
            for x, y in (_place(position, bounds, width, height) for position in ring)
        )

    if kind == "Point":
        x, y = _place(coordinates, bounds, width, height)
        return el("circle", told, cx=_number(x), cy=_number(y), r="6", fill=colour, stroke="#333")
    if kind == "LineString":
        return el("path", told, d=path(coordinates), fill="none", stroke=colour, stroke_width="5")
    rings = "Z".join(path(ring) for ring in coordinates) + "Z"
    return el("path", told, d=rings, fill=colour, fill_opacity=".75", fill_rule="evenodd",
              stroke="#333")  # fmt: skip


def _positions(area: Area) -> Iterator[Any]:
    for kind, coordinates in _parts(area.geometry):
        match kind:
            case "Point":
                yield coordinates
            case "LineString":
                yield from coordinates
            case _:
                yield from coordinates[0]


def _bounds(areas: Sequence[Area]) -> tuple[float, float, float, float]:
    """Return west, south, east, north of all units."""
    places = [position for area in areas for position in _positions(area)]
    longitudes, latitudes = [p[0] for p in places], [p[1] for p in places]
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def _ratio(bounds: tuple[float, float, float, float]) -> float:
    """Return height to width on the ground, within what fits a page."""
    west, south, east, north = bounds
    across = (east - west) * math.cos(math.radians((north + south) / 2))
    return min(1.3, (north - south) / across) if across else 1.0


_MARGIN = 16


def _place(
    position: Any, bounds: tuple[float, ...], width: int, height: int
) -> tuple[float, float]:
    west, south, east, north = bounds
    x = (position[0] - west) / ((east - west) or 1) * (width - 2 * _MARGIN) + _MARGIN
    y = (north - position[1]) / ((north - south) or 1) * (height - 2 * _MARGIN) + _MARGIN
    return x, y


_LARGEST, _SMALLEST = 15.0, 6.0


def _letters(areas: Sequence[Area], bounds: tuple[float, ...], width: int) -> float:
    """Return the size of letters in which the names of most units are no wider than the units."""
    sizes = []
    for area in areas:
        west, _, east, _ = _bounds((area,))
        left, _ = _place((west, 0), bounds, width, 0)
        right, _ = _place((east, 0), bounds, width, 0)
        sizes.append((right - left) / max(len(area.title), 1) if right > left else _LARGEST)
    return min(_LARGEST, max(_SMALLEST, statistics.median(sizes)))


def _middle(area: Area, bounds: tuple[float, ...], width: int, height: int) -> tuple[float, float]:
    """Return where a unit's name stands: in the middle of what it spans."""
    places = [_place(position, bounds, width, height) for position in _positions(area)]
    xs, ys = [x for x, _ in places], [y for _, y in places]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2 + 4


def _svg(width: int, height: int, title: str, content: Sequence[Html]) -> Html:
    return el(
        "svg", el("title", title), *content, viewBox=f"0 0 {width} {height}", role="img",
        xmlns="http://www.w3.org/2000/svg",
    )  # fmt: skip
