"""The bands of many figures: the judge is asked once for each figure there is."""

from __future__ import annotations

from decimal import Decimal

from envrules import calendar as cal
from envrules.kinds import bands
from envrules.ruleset.compile import Scheme


class Bands:
    """The bands of one score, without checklists and demotions: by the printed figure alone."""

    def __init__(self, scheme: Scheme, score: str) -> None:
        self._bands = scheme.bands.get(score, ())
        self._known: dict[tuple[Decimal, str], str] = {}

    def of(self, figure: Decimal, period: str) -> str:
        """Return the id of the band of a figure in a period; '' if there is none."""
        known = self._known.get((figure, period))
        if known is None:
            found = bands.band_of(self._bands, figure, cal.period_dates(period)[1])
            known = self._known[figure, period] = found[0].id if found is not None else ""
        return known
