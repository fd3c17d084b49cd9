"""The order of a document's clauses, from the way they are cited: 一(二), 三2, 第十条."""

from __future__ import annotations

import re

_DIGITS = dict(zip("一二三四五六七八九", range(1, 10), strict=True))
_NUMBER = re.compile(r"\d+|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]")


def clause_order(label: str) -> tuple[int, ...]:
    """Return the numbers in a clause's label, outermost first, to sort by.

    Two numerals side by side are two levels (四二 is the second point of the fourth section); 十
    joins its neighbours (十二 is twelve). A label without numbers, 导语, comes first.
    """
    return tuple(map(_value, _NUMBER.findall(label)))


def _value(numeral: str) -> int:
    if numeral.isdecimal():
        return int(numeral)
    tens, ten, ones = numeral.rpartition("十")
    if not ten:
        return _DIGITS[ones]
    return 10 * (_DIGITS[tens] if tens else 1) + (_DIGITS[ones] if ones else 0)
