"""A unit's outline: a GeoJSON geometry (RFC 7946) as text, in its declaration's `geometry`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

ATTRIBUTE = "geometry"
"""Attribute of a unit's declaration that holds its outline."""

_DEPTH = {
    "Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2,
    "MultiPolygon": 3,
}  # fmt: skip
"""Geometry type → how many lists its positions lie in."""


def parse_geometry(text: str) -> dict[str, Any]:
    """Return the geometry in `text`: type and coordinates, nothing else.

    Raises:
        ValueError: it is no GeoJSON geometry in degrees; the message says why.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("not JSON") from error
    kind = data.get("type") if isinstance(data, dict) else None
    depth = _DEPTH.get(kind) if isinstance(kind, str) else None
    if depth is None:
        raise ValueError(f"`type` is none of {', '.join(_DEPTH)}")
    positions = list(_positions(data.get("coordinates"), depth))
    if not positions:
        raise ValueError("no coordinates")
    for position in positions:
        if not _in_degrees(position):
            raise ValueError("a position is not [longitude, latitude] in degrees")
    return {"type": kind, "coordinates": data["coordinates"]}


def _positions(value: Any, depth: int) -> Iterator[Any]:
    if not isinstance(value, list):
        raise ValueError("coordinates are not nested as the type needs")
    if depth == 0:
        yield value
        return
    for item in value:
        yield from _positions(item, depth - 1)


def _in_degrees(position: Any) -> bool:
    numbers = [n for n in position if isinstance(n, int | float) and not isinstance(n, bool)]
    if len(numbers) != len(position) or len(position) not in (2, 3):
        return False
    return -180 <= numbers[0] <= 180 and -90 <= numbers[1] <= 90
