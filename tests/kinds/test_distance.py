"""Distances between coordinates, against a great circle reckoned in floats."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envrules.kinds.distance import Place, latitudes_within, metres_between

RADIUS = 6371008.8


def place(longitude: str, latitude: str) -> Place:
    """Return coordinates."""
    return Decimal(longitude), Decimal(latitude)


def great_circle(here: Place, there: Place) -> float:
    """Return the haversine distance in metres."""
    (lon1, lat1), (lon2, lat2) = (tuple(math.radians(d) for d in p) for p in (here, there))
    half = math.sin((lat1 - lat2) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon1 - lon2) / 2) ** 2
    return 2 * RADIUS * math.asin(math.sqrt(half))


@pytest.mark.parametrize(
    ("here", "there", "metres"),
    [
        (place("114.7", "37.6"), place("114.7", "37.6"), "0.00"),
        (place("0", "0"), place("0", "1"), "111195.08"),
        (place("0", "0"), place("1", "0"), "111195.08"),
        (place("10", "60"), place("11", "60"), "55597.54"),
        (place("179.9999", "0"), place("-179.9999", "0"), "22.24"),
        (place("0", "-90"), place("90", "-90"), "0.00"),
    ],
)
def test_known_distances(here: Place, there: Place, metres: str) -> None:
    """A degree of latitude, one of longitude at 0° and at 60°, across the date line, at the pole."""
    assert str(metres_between(here, there)) == metres


DEGREES = st.decimals(-180, 180, places=6)
LATITUDES = st.decimals(-70, 70, places=6)
STEPS = st.decimals("-0.01", "0.01", places=6)


@given(DEGREES, LATITUDES, STEPS, STEPS)
def test_short_distances_agree_with_a_great_circle(
    longitude: Decimal, latitude: Decimal, east: Decimal, north: Decimal
) -> None:
    """Within a kilometre or so the error is below a centimetre and a thousandth."""
    here, there = (longitude, latitude), (longitude + east, latitude + north)
    apart = great_circle(here, there)
    assert abs(float(metres_between(here, there)) - apart) <= 0.01 + apart / 1000
    assert metres_between(here, there) == metres_between(there, here)


@given(DEGREES, LATITUDES, STEPS, STEPS, st.integers(1, 1000))
def test_latitudes_tell_what_is_too_far(
    longitude: Decimal, latitude: Decimal, east: Decimal, north: Decimal, metres: int
) -> None:
    """Places whose latitudes differ by more are never so close."""
    here, there = (longitude, latitude), (longitude + east, latitude + north)
    if abs(north) > latitudes_within(Decimal(metres)):
        assert metres_between(here, there) > metres
