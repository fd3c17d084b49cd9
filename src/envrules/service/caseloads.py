"""What closed periods count of a locality's issues: frozen, and asked for again with every report."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from envrules.engine.caseload import Case
from envrules.service.packed import Key, Packed

_BYTES = 8 << 20
"""Room for two years of a city with 20,000 issues a month."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Case, ...])


class Caseloads:
    """Keeps what was used last, packed: a twentieth of what the issues take as they are."""

    def __init__(self, room: int = _BYTES) -> None:
        """`room`: bytes that it may take."""
        self._packed = Packed(room)

    def get(self, key: Key) -> tuple[Case, ...] | None:
        """Return what is kept under a key, if it is."""
        packed = self._packed.get(key)
        return None if packed is None else _decoder.decode(packed)

    def put(self, key: Key, cases: Sequence[Case]) -> None:
        """Keep a caseload; those that were not used for longest make room for it."""
        self._packed.put(key, _encoder.encode(tuple(cases)))
