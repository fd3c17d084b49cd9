"""The clauses that a definition cites, and their order in the document: 一(二), 三2, 四二红榜."""

from __future__ import annotations

import re

from envrules.clauses.lists import BETWEEN

_DIGITS = dict(zip("一二三四五六七八九", range(1, 10), strict=True))
_CHINESE = "[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
_LEVEL = re.compile(rf"[(（](\d+|{_CHINESE})[)）]|(\d+)|({_CHINESE})")
_OPENING = frozenset({"题", "引", "眉", "版", "序", "导语", "前言"})


def labels_of(ref: str) -> tuple[str, ...]:
    """Return the clauses that a `ref` names, without its source."""
    return tuple(label.strip() for label in ref.partition(" ")[2].split(BETWEEN))


def clause_order(label: str) -> tuple[int, tuple[int, ...], str]:
    """Return what to sort a clause's label by.

    Labels without a number come first if they name an opening (题, 引), else last; the others by
    their numbers, and a clause before the parts of it that only have a name (三2, 三2奖分).
    """
    numbers = _numbers(label)
    place = 1 if numbers else 0 if label in _OPENING else 2
    return place, numbers, "" if _LEVEL.sub("", label) == "" else "name"


def _numbers(label: str) -> tuple[int, ...]:
    """Return the levels of a label, outermost first.

    Two numerals side by side are two levels (四二 is the second point of the fourth section); 十
    joins its neighbours (十二 is twelve). After a level in brackets or Arabic digits, a numeral that
    begins a word is no level: 二6七净 is about seven things in point 6.
    """
    found: list[int] = []
    plain = True  # no level in brackets or Arabic digits so far
    for level in _LEVEL.finditer(label):
        bracketed, arabic, chinese = level.groups()
        rest = label[level.end() :]
        if chinese and not plain and rest and not _LEVEL.match(rest):
            break
        plain = plain and bool(chinese)
        found.append(_value(bracketed or arabic or chinese))
    return tuple(found)


def _value(numeral: str) -> int:
    if numeral.isdecimal():
        return int(numeral)
    tens, ten, ones = numeral.rpartition("十")
    if not ten:
        return _DIGITS[ones]
    return 10 * (_DIGITS[tens] if tens else 1) + (_DIGITS[ones] if ones else 0)
