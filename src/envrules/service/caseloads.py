"""What closed periods count of a locality's issues: frozen, and asked for again with every report."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from envrules.engine.caseload import Case

Key: TypeAlias = tuple[str, ...]

_BYTES = 8 << 20
"""Room for two years of a city with 20,000 issues a month."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Case, ...])


class Caseloads:
    """Keeps what was used last, packed: a twentieth of what the issues take as they are."""

    def __init__(self, room: int = _BYTES) -> None:
        """`room`: bytes that it may take."""
        self._room, self._taken = room, 0
        self._packed: OrderedDict[Key, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> tuple[Case, ...] | None:
        """Return what is kept under a key, if it is."""
        with self._lock:
            packed = self._packed.get(key)
            if packed is None:
                return None
            self._packed.move_to_end(key)
        return _decoder.decode(zlib.decompress(packed))

    def put(self, key: Key, cases: Sequence[Case]) -> None:
        """Keep a caseload; those that were not used for longest make room for it."""
        packed = zlib.compress(_encoder.encode(tuple(cases)), level=1)
        with self._lock:
            self._taken += len(packed) - len(self._packed.pop(key, b""))
            self._packed[key] = packed
            while self._taken > self._room:
                _, gone = self._packed.popitem(last=False)
                self._taken -= len(gone)
