"""Pauses between attempts to go on where a lost connection ended."""

from __future__ import annotations

import random
import time

import grpc

from envrules.client.errors import CallFailed

_FIRST, _LONGEST = 0.1, 5.0
"""Seconds."""


class Pauses:
    """Longer and longer pauses, until nothing has been heard for as long as patience lasts."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self.heard()

    def heard(self) -> None:
        """Note that the server has answered."""
        self._since, self._pause = time.monotonic(), _FIRST

    def wait(self, error: CallFailed) -> None:
        """Pause before the next attempt; raises `error` if it is no use or patience is at its end.

        A pause is shortened at random, so that clients who lost one server do not come back at once.
        """
        left = self._since + self._patience - time.monotonic()
        if error.code is not grpc.StatusCode.UNAVAILABLE or left <= 0:
            raise error
        time.sleep(min(left, self._pause * random.uniform(0.5, 1)))
        self._pause = min(2 * self._pause, _LONGEST)
