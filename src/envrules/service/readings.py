"""Standings as one reading showed them, for whoever turns its pages.

To make one page the whole reading is made, since ranks are among all units: without this a city's
hundred pages would cost a hundred readings. A page that is kept no longer is made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from envrules.service.packed import Key, Packed
from envrules.v1 import standing_service_pb2 as pb
from envrules.v1 import standings_pb2

_BYTES = 32 << 20
"""Room for some two hundred thousand standings."""
_TOGETHER = 100
"""Standings packed together: a page of the usual size."""


class Readings:
    """Keeps the standings of the last readings, packed."""

    def __init__(self, room: int = _BYTES) -> None:
        """`room`: bytes that it may take."""
        self._packed = Packed(room)

    @property
    def taken(self) -> int:
        """Bytes that it takes."""
        return self._packed.taken

    @staticmethod
    def begin(done: int) -> int:
        """Return the place from which on to `put` standings, for those after the first `done`."""
        return done - done % _TOGETHER

    def put(
        self, key: Key, reading: standings_pb2.Reading, begin: int,
        standings: Iterable[standings_pb2.Standing],
    ) -> None:  # fmt: skip
        """Keep a reading's standings, of which the first has the place `begin`."""
        left, block = iter(standings), begin // _TOGETHER
        while some := list(islice(left, _TOGETHER)):
            packed = pb.ListStandingsResponse(reading=reading, standings=some)
            self._packed.put((*key, str(block)), packed.SerializeToString())
            block += 1

    def get(self, key: Key, first: int, count: int) -> pb.ListStandingsResponse | None:
        """Return so many standings from the place `first` on, or None if one is not kept."""
        response = pb.ListStandingsResponse()
        for block in self._blocks(key, first, count):
            if block is None:
                return None
            response.reading.CopyFrom(block.reading)
            response.standings.MergeFrom(block.standings)
        begin = first % _TOGETHER
        del response.standings[begin + count :]
        del response.standings[:begin]
        return response

    def _blocks(
        self, key: Key, first: int, count: int
    ) -> Iterator[pb.ListStandingsResponse | None]:
        for block in range(first // _TOGETHER, (first + count - 1) // _TOGETHER + 1):
            kept = self._packed.get((*key, str(block)))
            yield None if kept is None else pb.ListStandingsResponse.FromString(kept)
