"""What may be wrong with a field, in stable codes and in two languages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

import msgspec

from envrules.model.base import Frozen
from envrules.v1 import common_pb2
from envrules.wire.limits import PROBLEM_LIMIT

MESSAGES: dict[str, tuple[str, str]] = {
    "REQUIRED": ("is required", "必填"),
    "TOO_LONG": (
        "has {length} characters, at most {limit} are allowed",
        "有 {length} 个字符，最多 {limit} 个",
    ),
    "TOO_MANY": (
        "has {length} items, at most {limit} are allowed",
        "有 {length} 项，最多 {limit} 项",
    ),
    "BAD_CHARACTER": (
        "holds {character} at position {position}, which is not allowed here",
        "第 {position} 个字符 {character} 不允许出现",
    ),
    "SPACE_AROUND": ("begins or ends with white space: {value}", "首尾有空白：{value}"),
    "BAD_NUMBER": (
        "is not a decimal number as text, such as 8 or -0.5: {value}",
        "不是十进制数（如 8、-0.5）：{value}",
    ),
    "OUT_OF_RANGE": (
        "is out of range: {value} is not from {low} to {high}",
        "超出范围：{value} 不在 {low} 与 {high} 之间",
    ),
    "BAD_TIME": ("is not a time: {value} ({why})", "不是有效的时间：{value}"),
    "SUB_MICROSECOND": (
        "is finer than a microsecond: truncate it before sending",
        "精度超过微秒，请先截断",
    ),
    "NO_SUCH_LOCAL_TIME": (
        "does not exist in {zone}: {value} was skipped when the clock was put forward",
        "在时区 {zone} 不存在：{value} 处于拨快时钟时跳过的时段",
    ),
    "AMBIGUOUS_LOCAL_TIME": (
        "happened twice in {zone}: {value}; write the offset, such as {example}",
        "在时区 {zone} 出现两次：{value}，请写明时差，如 {example}",
    ),
    "IN_FUTURE": (
        "lies in the future: {value} is after {latest}, the latest time accepted now",
        "在未来：{value} 晚于目前可接受的最晚时间 {latest}",
    ),
    "UNKNOWN_VALUE": ("has no value {value}{hint}", "没有这个取值：{value}"),
    "UNKNOWN_FIELD": ("is not a field here{hint}", "没有这个字段"),
    "WRONG_TYPE": ("must be {wanted}, not {found}{hint}", "类型不对：应为 {wanted}"),
    "REPEATED": ("is there twice: {value}", "重复：{value}"),
    "CONTRADICTION": ("{why}", "{why_zh}"),
    "ID_REUSED": (
        "was used before with other content: correct facts under a new id",
        "该编号已用于内容不同的事件，更正请用新编号",
    ),
}
"""English and Chinese by code. The codes are part of the API and listed in docs/api.md."""


class FieldProblem(Frozen, frozen=True):
    """One thing that is wrong with one field; `path` is like `events[3].issue_found.place`."""

    path: str
    code: str
    message: str
    message_zh: str

    def under(self, parent: str) -> FieldProblem:
        """Return the same problem seen from outside, where the field lies below `parent`."""
        return msgspec.structs.replace(self, path=join(parent, self.path))


class Invalid(Exception):
    """A value cannot be taken over. `problems` holds what is wrong: all of it, or enough of it."""

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems = tuple(islice(problems, PROBLEM_LIMIT))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "; ".join(f"{problem.path} {problem.message}" for problem in self.problems)

    def under(self, parent: str) -> tuple[FieldProblem, ...]:
        """Return the problems seen from outside."""
        return tuple(problem.under(parent) for problem in self.problems)


def join(parent: str, child: str) -> str:
    """Return the path of `child` below `parent`; an index joins without a dot."""
    return f"{parent}.{child}" if parent and child and child[0] != "[" else parent + child


def field_problem(path: str, code: str, **facts: object) -> FieldProblem:
    """Return the problem `code` at `path`, its messages filled with `facts`."""
    english, chinese = MESSAGES[code]
    return FieldProblem(path, code, english.format(**facts), chinese.format(**facts))


def invalid(code: str, path: str = "", **facts: object) -> Invalid:
    """Return the exception for a single problem, by default of the value itself."""
    return Invalid([field_problem(path, code, **facts)])


def contradiction(path: str, why: str, why_zh: str) -> Invalid:
    """Return the exception that the field at `path` does not go together with another."""
    return invalid("CONTRADICTION", path, why=why, why_zh=why_zh)


def shown(value: object, limit: int = 40) -> str:
    """Return a value for a message: short, on one line, safe to encode, whatever it is."""
    if isinstance(value, str):
        text = value[: limit + 1]
        text = repr(text) if text.isprintable() else ascii(text)
    elif isinstance(value, float) or (isinstance(value, int) and value.bit_length() <= 64):
        text = repr(value)
    else:
        text = f"a {type(value).__name__}"
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def meant(word: str, known: Iterable[str]) -> str:
    """Return the end of a message that says which known word was probably meant."""
    close = get_close_matches(word, known, n=1) if len(word) < 100 else []
    return f"; did you mean {close[0]}?" if close else ""


def problem_to_proto(problem: FieldProblem) -> common_pb2.Problem:
    """Return the message of a problem."""
    return common_pb2.Problem(
        field=problem.path,
        code=problem.code,
        message=problem.message,
        message_zh=problem.message_zh,
    )
