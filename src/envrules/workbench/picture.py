"""An answer as charts and outlines: how scores are spread, how bands fill, where units lie."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from envrules import calendar as cal
from envrules.engine.registry import Registry
from envrules.kinds.bands import Band
from envrules.model.base import Frozen
from envrules.ruleset.compile import Scheme
from envrules.service.map_out import NO_BAND, RGB
from envrules.whatif.model import Row
from envrules.wire.geometry import ATTRIBUTE, parse_geometry

BEFORE, AFTER = "#b8c4cc", "#0f766e"
_FONT = '"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif'
_BINS = 12
_LETTER = 11
"""Width of a Chinese character on the map."""
Ring = Sequence[Sequence[float]]


class Shape(Frozen):
    """A unit on the map."""

    unit: str
    title: str
    """Empty where it does not fit: pointing at the unit tells it."""
    path: str
    """Outline as an SVG path."""
    x: float
    y: float
    """Where its name stands."""
    colour: str
    moves: bool
    says: str


def spread(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the chart of how figures are spread, on both sides."""
    sides = [_figures(rows, "before"), _figures(rows, "after")]
    both = [*sides[0], *sides[1]]
    low, width = _bins(both)
    count = _bin(max(both), low, width) + 1 if both else 0
    labels = [f"{low + i * width:g}" for i in range(count)]
    series = [
        {"name": name, "type": "bar", "data": _histogram(side, low, width, count), "barGap": "0%",
         "barCategoryGap": "18%", "itemStyle": {"color": colour}}
        for name, side, colour in zip(("现行", "模拟"), sides, (BEFORE, AFTER), strict=True)
    ]  # fmt: skip
    return {
        **_frame(), "xAxis": {"type": "category", "data": labels, "axisTick": {"show": False}},
        "yAxis": {"type": "value", "minInterval": 1, "splitLine": {"lineStyle": {"color": "#eef1f3"}}},
        "series": series,
    }  # fmt: skip


def filling(rows: Sequence[Row], bands: Sequence[Band]) -> dict[str, Any]:
    """Return the chart of how many units each band holds, on both sides."""
    counts = [
        Counter(side.band for row in rows if (side := getattr(row, name)) is not None and side.band)
        for name in ("after", "before")
    ]
    series = [
        {"name": band.citation.title, "type": "bar", "stack": "all", "barWidth": 26,
         "data": [count[band.id] or None for count in counts],
         "label": {"show": True, "formatter": "{c}", "color": _ink(colour), "fontWeight": 600},
         "itemStyle": {"color": colour, "borderColor": "#8a969d" if colour == "#ffffff" else colour}}
        for band in bands for colour in (colour_of(band),)
    ]  # fmt: skip
    return {
        **_frame(), "xAxis": {"type": "value", "minInterval": 1, "splitLine": {"show": False}},
        "yAxis": {"type": "category", "data": ["模拟", "现行"], "axisTick": {"show": False},
                  "axisLine": {"show": False}},
        "series": series,
    }  # fmt: skip


def shapes(
    rows: Sequence[Row], scheme: Scheme, registry: Registry, size: tuple[float, float]
) -> list[Shape]:
    """Return the units that carry an outline, fitted into a box; all of them as tiles if none does."""
    outlines = {row.unit: outer for row in rows if (outer := _outline(row, scheme, registry))}
    project = _projection([p for rings in outlines.values() for ring in rings for p in ring], size)
    found: list[Shape] = []
    for place, row in enumerate(rows):
        rings: list[Ring]
        if not outlines:
            rings = [_tile(place, len(rows), size)]
        elif row.unit in outlines:
            rings = [[project(p) for p in ring] for ring in outlines[row.unit]]
        else:
            continue
        largest = max(rings, key=len)
        xs, ys = [p[0] for p in largest], [p[1] for p in largest]
        title = row.title if max(xs) - min(xs) >= _LETTER * len(row.title) else ""
        found.append(Shape(
            row.unit, title, " ".join(map(_path, rings)), (min(xs) + max(xs)) / 2,
            (min(ys) + max(ys)) / 2, _colour(row, scheme),
            row.moves, says(row),
        ))  # fmt: skip
    return found


def has_outlines(rows: Iterable[Row], scheme: Scheme, registry: Registry) -> bool:
    """Return whether any unit carries an outline."""
    return any(_outline(row, scheme, registry) for row in rows)


def says(row: Row) -> str:
    """Return where a unit stands on both sides, as a line."""

    def side(of: Any) -> str:
        if of is None or of.points is None:
            return "无得分"
        return f"{of.points} 分 {of.band_title}".strip()

    return (
        f"{row.title}：{side(row.before)} → {side(row.after)}"
        if row.moves
        else (f"{row.title}：{side(row.after)}")
    )


def _colour(row: Row, scheme: Scheme) -> str:
    """Return a unit's colour as tried: its band's, or where a score has no bands its list's."""
    side = row.after
    if side is None:
        return NO_BAND
    bands = scheme.bands.get(row.score, ())
    if bands:
        return colour_of(next((band for band in bands if band.id == side.band), None))
    ends = {rule.end for rule in scheme.lists if rule.id in side.lists}
    return RGB["red"] if "top" in ends else RGB["black"] if "bottom" in ends else NO_BAND


def colour_of(band: Band | None) -> str:
    """Return the colour of a band as the ruleset names it."""
    return NO_BAND if band is None else RGB.get(band.colour, NO_BAND)


# ── figures ──


def _figures(rows: Iterable[Row], side: str) -> list[Decimal]:
    found = (getattr(row, side) for row in rows)
    return [one.points for one in found if one is not None and one.points is not None]


def _bins(figures: Sequence[Decimal]) -> tuple[float, float]:
    """Return where the first bin begins and how wide each is: a round number."""
    if not figures:
        return 0.0, 1.0
    low, high = float(min(figures)), float(max(figures))
    least = max((high - low) / (_BINS - 1), 1e-9)
    scale = 10.0 ** math.floor(math.log10(least))
    width = next(scale * step for step in (1, 2, 2.5, 5, 10) if scale * step >= least - 1e-12)
    width = max(width, 0.5)
    return math.floor(low / width) * width, width


def _bin(figure: Decimal, low: float, width: float) -> int:
    return int((float(figure) - low) / width + 1e-9)


def _histogram(figures: Iterable[Decimal], low: float, width: float, count: int) -> list[int]:
    counts = Counter(_bin(figure, low, width) for figure in figures)
    return [counts[i] for i in range(count)]


def _frame() -> dict[str, Any]:
    return {
        "animationDuration": 150, "animationDurationUpdate": 150,
        "textStyle": {"fontFamily": _FONT}, "tooltip": {"trigger": "axis"},
        "grid": {"left": 8, "right": 14, "top": 30, "bottom": 4, "containLabel": True},
        "legend": {"top": 0, "right": 4, "itemWidth": 10, "itemHeight": 10},
        "aria": {"enabled": True},
    }  # fmt: skip


def _ink(colour: str) -> str:
    """Return black or white, whichever is read on a colour."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#1c2529" if red * 299 + green * 587 + blue * 114 > 140_000 else "#ffffff"


# ── outlines ──


def _outline(row: Row, scheme: Scheme, registry: Registry) -> list[Ring]:
    """Return the outer rings of a unit's outline."""
    unit = registry.unit(row.unit, cal.period_bounds(scheme.timezone, row.period)[1] - 1)
    text = unit.attributes.get(ATTRIBUTE, "") if unit is not None else ""
    return list(_outer(text)) if text else []


@lru_cache(maxsize=4096)  # the same ones with every answer
def _outer(text: str) -> tuple[Ring, ...]:
    return tuple(_rings(parse_geometry(text)))


def _rings(geometry: Mapping[str, Any]) -> Iterator[Ring]:
    coordinates = geometry["coordinates"]
    match geometry["type"]:
        case "Polygon":
            yield from coordinates
        case "MultiPolygon":
            for polygon in coordinates:
                yield from polygon
        case "Point":
            yield _around(coordinates)
        case "MultiPoint":
            yield from map(_around, coordinates)
        case "LineString":
            yield coordinates
        case _:
            yield from coordinates


def _around(point: Sequence[float]) -> Ring:
    """Return a small square in place of a point."""
    x, y, r = point[0], point[1], 0.002
    return [(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]


def _projection(points: Sequence[Sequence[float]], size: tuple[float, float]) -> Any:
    """Return the map from degrees to the box: as wide as it is, north up."""
    if not points:
        return None
    squeeze = math.cos(math.radians(sum(p[1] for p in points) / len(points)))
    xs, ys = [p[0] * squeeze for p in points], [p[1] for p in points]
    wide, high = max(max(xs) - min(xs), 1e-9), max(max(ys) - min(ys), 1e-9)
    scale = min((size[0] - 8) / wide, (size[1] - 8) / high)
    left, top = (size[0] - wide * scale) / 2, (size[1] - high * scale) / 2

    def project(p: Sequence[float]) -> tuple[float, float]:
        return left + (p[0] * squeeze - min(xs)) * scale, top + (max(ys) - p[1]) * scale

    return project


def _tile(place: int, count: int, size: tuple[float, float]) -> Ring:
    """Return one of `count` equal tiles that fill the box in rows."""
    columns = max(1, math.ceil(math.sqrt(count * size[0] / size[1] / 1.9)))
    wide, high = size[0] / columns, size[1] / math.ceil(count / columns)
    x, y = place % columns * wide, place // columns * high
    return [
        (x + 2, y + 2),
        (x + wide - 2, y + 2),
        (x + wide - 2, y + high - 2),
        (x + 2, y + high - 2),
    ]


def _path(ring: Ring) -> str:
    return "M" + "L".join(f"{p[0]:.1f} {p[1]:.1f}" for p in ring) + "Z"
