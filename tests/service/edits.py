"""Edits of the town's ruleset, good and bad, as people make them, and how editors save them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.service.site import TOWN

from envrules.resources import rulesets_dir

SHIPPED = (rulesets_dir() / f"{TOWN}.yaml").read_text(encoding="utf-8")
_ROWS = "      - {id: road, "


@dataclass(frozen=True)
class Values:
    """What an edit says from a day on."""

    since: str
    line: int
    within: int
    points: int


def some(random: Random, since: str) -> Values:
    """A warning line, a limit in working days and points, from a day on."""
    return Values(since, random.randint(40, 95), random.randint(1, 9), random.randint(1, 9))


def good(random: Random, number: int, values: Sequence[Values]) -> str:
    """A ruleset of its own: other limits from each day on, other points from the first, other words.

    A table for each day would make the text longer and longer.
    """
    rows = SHIPPED[SHIPPED.index(_ROWS) : SHIPPED.index("\n# ── 规则结构")].rstrip("\n")
    first = values[0]
    later = rows.replace("each: 1", f"each: {first.points}")
    text = SHIPPED.replace(rows, f"{rows}\n      {first.since}:\n{later}")
    lines = "".join(f", {v.since}: {v.line}" for v in values)
    text = _changed(text, "{always: 70}", f"{{always: 70{lines}}}")
    limits = "".join(f", {v.since}: {v.within}" for v in values)
    unwritten = "未写期限, values: {always: 3"
    text = _changed(text, f"{unwritten}}}", f"{unwritten}{limits}}}")
    notice = "{action: rectification_notice,"
    approve = random.choice(("true", "false"))
    text = _changed(text, notice, f"{notice} approve: {approve},")
    return _changed(text, "{title: 白色垃圾,", f"{{title: 白色垃圾{number},")


def past(random: Random, number: int, values: Sequence[Values]) -> str:
    """A good ruleset that changes what held before today: nobody said that it may."""
    text = good(random, number, values)
    return _changed(text, "{always: 70,", f"{{always: {number % 60 + 5},")


def broken(random: Random, number: int, values: Sequence[Values]) -> str:
    """A ruleset as it is in the middle of a mistake."""
    text = good(random, number, values)
    match random.randrange(5):
        case 0:
            return text[: random.randrange(200, text.index("calendar:"))] + "\n  ["
        case 1:
            return _changed(text, "below: $warning_line", f"below: $warning_lime{number}")
        case 2:
            return text.replace("full: 10,", f"full: ten{number},", 1)
        case 3:
            return _changed(text, "parameters:\n", f"parameters:\n\t# {number}\n")
        case _:
            return f"# {number}\n" + text.replace(
                "ref: m 三2警告, values", "ref: m 三2警告, valeus", 1
            )


def _changed(text: str, before: str, after: str) -> str:
    assert text.count(before) == 1, before
    return text.replace(before, after)


def save(file: Path, text: str, random: Random) -> None:
    """Write a file as one editor or another does: at once, in pieces, or aside and renamed."""
    if (way := random.randrange(3)) == 0:
        file.write_text(text, encoding="utf-8")
    elif way == 1:
        aside = file.with_name(f".{file.name}.swp")
        aside.write_text(text, encoding="utf-8")
        aside.replace(file)
    else:
        pause = threading.Event()
        with file.open("w", encoding="utf-8") as out:
            for start in range(0, len(text), 3000):
                out.write(text[start : start + 3000])
                out.flush()
                pause.wait(0.005)
