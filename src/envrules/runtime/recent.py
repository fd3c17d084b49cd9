"""A cache of bounded size that threads share."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

_PATIENCE = 8
"""Times what is kept: after so many uses of the others a value is out of use."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps what was used last; what was not used for longest is dropped."""

    def __init__(self, size: int, few: int | None = None) -> None:
        """Keep `size` values; of those beyond `few` only what is still in use."""
        self._size, self._few = size, size if few is None else few
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._uses = 0

    def get(self, key: K) -> V | None:
        """Return what is kept under a key, if it is."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._keep(key, found[0])
            return found[0]

    def put(self, key: K, value: V) -> None:
        """Keep a value for now."""
        with self._lock:
            self._keep(key, value)
            while len(self._kept) > self._few and self._is_idle():
                self._kept.popitem(last=False)

    def _keep(self, key: K, value: V) -> None:
        self._uses += 1
        self._kept[key] = value, self._uses
        self._kept.move_to_end(key)

    def _is_idle(self) -> bool:
        """Return whether the value that was not used for longest can go."""
        last = next(iter(self._kept.values()))[1]
        return len(self._kept) > self._size or self._uses - last > len(self._kept) * _PATIENCE
