"""The text of a file before YAML reads it: encoding, size, and characters that nobody sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from envrules.errors import MAX_PROBLEMS, Problem, RulesetError

MAX_BYTES = 1_000_000

INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
# Of a line that \n ends; \r alone would be a line break to YAML and none to most editors.
_BAD_CHARACTER = re.compile(INVISIBLE.pattern + r"|\t|\r(?!\Z)")


def decode(raw: bytes, file: str, *, max_bytes: int = MAX_BYTES) -> str:
    """Return the text of a file; raises RulesetError unless it is UTF-8 of bearable size."""
    if len(raw) > max_bytes:
        raise RulesetError([_too_large(file, max_bytes)])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        good = raw[: error.start].decode("utf-8")
        line, col = good.count("\n") + 1, len(good) - (good.rfind("\n") + 1) + 1
        problem = Problem(
            file, line, col, "ER101", f"byte 0x{raw[error.start]:02X} is not UTF-8 text",
            "save the file as UTF-8 (in 记事本: 另存为, 编码 UTF-8); GBK and UTF-16 are not read",
        )  # fmt: skip
        raise RulesetError([problem]) from None


def refuse_characters(text: str, file: str, max_bytes: int) -> None:
    """Raise RulesetError for text that is too large, or that looks other than it reads."""
    if len(text.encode("utf-8", "surrogatepass")) > max_bytes:
        raise RulesetError([_too_large(file, max_bytes)])
    if problems := list(islice(_bad_lines(text, file), MAX_PROBLEMS)):
        raise RulesetError(problems)


def _bad_lines(text: str, file: str) -> Iterator[Problem]:
    """Yield one problem for each line with a character that an editor does not show."""
    for number, line in enumerate(text.split("\n"), start=1):
        if match := _BAD_CHARACTER.search(line):
            yield hidden_character(match[0], file, number, match.start() + 1)
        if line.startswith("%"):
            yield Problem(
                file, number, 1, "ER108", "a line that begins with % is a directive",
                "remove the line, or put the text in quotes",
            )  # fmt: skip


def hidden_character(character: str, file: str, line: int, col: int) -> Problem:
    """Return the problem of a tab, or of a character that editors do not show."""
    if character == "\t":
        return Problem(
            file, line, col, "ER104", "a tab looks like blanks and is none",
            "replace it by blanks; most editors do so for the whole file",
        )  # fmt: skip
    return Problem(
        file, line, col, "ER103", f"the invisible character U+{ord(character):04X} stands here",
        "delete it; it often comes along when text is pasted",
    )  # fmt: skip


def _too_large(file: str, max_bytes: int) -> Problem:
    return Problem(
        file, 1, 1, "ER109", f"the file has more than {max_bytes} bytes",
        "split the scheme, or move code tables to files of their own",
    )  # fmt: skip
