"""Small phrases of messages: values as they are shown, lists of words, and near misses."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from difflib import get_close_matches
from itertools import islice
from typing import Any

_SHOWN = 40  # characters of a value, and words of a list at most
_LISTED = 12
_COMPARED = 1000


def shown(value: Any) -> str:
    """Return a value as messages show it: `the number 70`, `the text '是'`, `a list`."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case Decimal():
            return f"the number {value}"
        case str():
            return f"the text {quoted(value)}"
        case dict():
            return "a mapping"
        case _:
            return "a list"


def quoted(text: str) -> str:
    """Return text in quotes on one line, shortened, with what does not print escaped."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def as_name(word: str) -> str:
    """Return a key or id as it is if it reads as one word, else in quotes."""
    return word if word.isprintable() and 0 < len(word) <= _SHOWN else quoted(word)


def listed(words: Iterable[str]) -> str:
    """Return words with commas between, the first dozen of them."""
    known = list(words)
    return ", ".join(known[:_LISTED]) + (", …" if len(known) > _LISTED else "")


def nearest(word: str, known: Collection[str]) -> str | None:
    """Return the known word that was probably meant."""
    candidates = list(islice(known, _COMPARED))  # comparing takes time
    return next(iter(get_close_matches(word[:_SHOWN], candidates, n=1, cutoff=0.6)), None)


def choose(word: str, known: Collection[str], otherwise: str) -> str:
    """Return the fix for an unknown word: the nearest known one, or what there is."""
    if near := nearest(word, known):
        return f"did you mean {near}?"
    return f"use one of {listed(known)}, or {otherwise}" if known else otherwise
