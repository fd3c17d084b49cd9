"""Inputs near good ones, made from a seed: for machines without atheris, and beside it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

ODD = (
    b"", b"\x00", b"\xff" * 9, b"\x80" * 9 + b"\x01", b"\x7f", b"-1", b"9" * 30, b"1e999", b"NaN",
    b"2026-13-45", b"\xe2\x80\xae", b"\xed\xa0\x80", b"&a", b"*a", b"[" * 30, b"{" * 30, b"!!python",
    b"\n", b"\t", b"'", b'"', b"../", b"%s", b"\xf0\x9f\x98\x80",
)  # fmt: skip
"""Pieces that have broken something somewhere before."""
MAX = 200_000


def inputs(seeds: Sequence[bytes], draw: random.Random) -> Iterator[bytes]:
    """Yield inputs without end: the seeds themselves first, then what becomes of them."""
    yield from seeds
    while True:
        data = bytearray(draw.choice(seeds))
        for _ in range(draw.choice((1, 1, 1, 2, 3, 8, 30))):
            _change(data, seeds, draw)
        yield bytes(data[:MAX])


def _change(data: bytearray, seeds: Sequence[bytes], draw: random.Random) -> None:
    at = draw.randrange(len(data) + 1)
    size = draw.choice((1, 1, 2, 4, 16, 64))
    match draw.randrange(7):
        case 0:
            data[at : at + 1] = bytes([draw.randrange(256)])
        case 1:
            del data[at : at + size]
        case 2:
            data[at:at] = data[at : at + size] * draw.choice((1, 2, 50))
        case 3:
            data[at : at + draw.choice((0, size))] = draw.choice(ODD)
        case 4:
            other = draw.choice(seeds)
            start = draw.randrange(len(other) + 1)
            data[at : at + size] = other[start : start + draw.choice((size, 200))]
        case 5 if at < len(data):
            data[at] ^= 1 << draw.randrange(8)
        case _:
            data[:] = data[:at]
