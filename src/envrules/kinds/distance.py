"""Distances on the ground between two coordinates, exact enough for metres and without floats.

    d = R √(Δφ² + (Δλ cos φm)²)        φ latitude, λ longitude in radians, φm the mean latitude

This treats the ground as flat, which is right for the short distances that it is for: up to a few
kilometres, and away from the poles, the error is below a thousandth. The figure is printed with
two places, and what is printed is compared.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import lru_cache

Place = tuple[Decimal, Decimal]
"""Longitude and latitude, in degrees."""

_EARTH = Decimal("6371008.8")  # mean radius in metres (IUGG)
_RADIAN = Decimal("3.14159265358979323846264338328") / 180
_CENTIMETRE = Decimal("0.01")
_EXACT = Context(prec=28, rounding=ROUND_HALF_UP)


def metres_between(here: Place, there: Place) -> Decimal:
    """Return the distance in metres, to two places."""
    with localcontext(_EXACT):
        north = here[1] - there[1]
        east = abs(here[0] - there[0]) % 360
        east = min(east, 360 - east) * _cos((here[1] + there[1]) / 2)
        metres = _EARTH * _RADIAN * (north * north + east * east).sqrt()
        return metres.quantize(_CENTIMETRE)


def latitudes_within(metres: Decimal) -> Decimal:
    """Return by how many degrees two latitudes differ at most if the places are so close."""
    with localcontext(_EXACT):
        return (metres + _CENTIMETRE) / (_EARTH * _RADIAN)


# Issues of one place share few mean latitudes, and each is asked for again at every event.
@lru_cache(maxsize=4096)
def _cos(degrees: Decimal) -> Decimal:
    """Return the cosine of a latitude by its series; |degrees| ≤ 90."""
    with localcontext(_EXACT):
        square = (degrees * _RADIAN) ** 2
        term = total = Decimal(1)
        for n in range(2, 30, 2):  # the next term is below 3·10⁻²⁷
            term = -term * square / (n * (n - 1))
            total += term
        return total
