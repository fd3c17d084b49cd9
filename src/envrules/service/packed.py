"""Bytes kept packed in the room there is: what was used last stays."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from typing import TypeAlias

Key: TypeAlias = tuple[str, ...]


class Packed:
    """Values by key, compressed. Its methods may be called from any thread."""

    def __init__(self, room: int) -> None:
        """`room`: bytes that all may take, as they are kept."""
        self._room = room
        self.taken = 0
        """Bytes that they take."""
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> bytes | None:
        """Return what is kept under a key, if it is."""
        with self._lock:
            packed = self._kept.get(key)
            if packed is None:
                return None
            self._kept.move_to_end(key)
        return zlib.decompress(packed)

    def put(self, key: Key, value: bytes) -> None:
        """Keep a value; those that were not used for longest make room for it."""
        packed = zlib.compress(value, level=1)
        with self._lock:
            self.taken += len(packed) - len(self._kept.pop(key, b""))
            self._kept[key] = packed
            while self.taken > self._room:
                _, gone = self._kept.popitem(last=False)
                self.taken -= len(gone)
