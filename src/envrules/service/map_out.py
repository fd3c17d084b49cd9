"""The units of a score as a map: GeoJSON, coloured by the scheme's bands."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from envrules.engine.standings import Row
from envrules.kinds.bands import Band
from envrules.wire.geometry import ATTRIBUTE, parse_geometry

RGB = {
    "red": "#d62728", "orange": "#ff7f0e", "yellow": "#f2c500", "green": "#2ca02c",
    "blue": "#1f77b4", "white": "#ffffff", "black": "#222222", "grey": "#9e9e9e",
    "gold": "#c9a227", "purple": "#7e57c2",
}  # fmt: skip
"""What a ruleset's colours look like."""

NO_BAND = RGB["grey"]
"""Colour of a unit without a band, or whose band has no colour."""


def map_geojson(rows: Iterable[Row], bands: Iterable[Band]) -> str:
    """Return a FeatureCollection with one feature for each unit that carries a geometry."""
    by_id = {band.id: band for band in bands}
    features = [
        _feature(row, by_id.get(row.band), text)
        for row in rows if (text := row.unit.attributes.get(ATTRIBUTE, ""))
    ]  # fmt: skip
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":"))


def _feature(row: Row, band: Band | None, text: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "unit": row.unit.id, "title": row.title, "status": row.status,
        "points": None if row.figure is None else f"{row.figure:f}",
        "band": row.band, "band_title": band.citation.title if band is not None else "",
        "rank": row.rank, "colour": RGB.get(band.colour, NO_BAND) if band is not None else NO_BAND,
    }  # fmt: skip
    return {
        "type": "Feature", "id": row.unit.id, "geometry": parse_geometry(text),
        "properties": properties,
    }  # fmt: skip
