"""What a server and its projector processes tell each other: short lines through pipes.

A line that does not fit in at once is dropped, for whoever writes must never wait for whoever reads.
That costs a second at most: both sides look at the store as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from select import PIPE_BUF
from typing import BinaryIO, Literal

import msgspec

from envrules.model.base import Frozen


class Told(Frozen, array_like=True):
    """`wake`: there is more in the log. `hurry`: somebody waits. `at`: it is projected so far."""

    word: Literal["wake", "hurry", "at"]
    locality: str
    position: int = 0


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Told).decode


def tell(pipe: int, told: Told) -> None:
    """Write to a pipe that does not block; nothing happens if it is full, or its reader gone."""
    line = _encode(told) + b"\n"
    if len(line) <= PIPE_BUF:  # goes in whole or not at all
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(pipe, line)


def listen(pipe: BinaryIO) -> Iterator[Told]:
    """Yield what is told until the other side is gone."""
    for line in pipe:
        if line.endswith(b"\n"):  # whoever was killed may have been about to write
            yield _decode(line)
