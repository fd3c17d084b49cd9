"""Refusals as statuses of gRPC: the code, a stable reason, the fields, English and Chinese."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from envrules.errors import RulesetError
from envrules.model.values import NoValueInForce
from envrules.plugin_manager import PluginError
from envrules.runtime.errors import (
    NotAllowed,
    NotFound,
    NotNow,
    RuntimeRefusal,
    Stopping,
    Superseded,
)
from envrules.store import UnknownLocality
from envrules.wire.problems import FieldProblem, Invalid

DOMAIN = "envrules"
BUDGET = 4096
"""Bytes of a status. Trailing metadata of more than 8 KiB is refused by many clients."""
MESSAGE_LIMIT = 500

WORDS: Mapping[str, str] = {
    "BAD_REQUEST": "请求有误",
    "BAD_RULESET": "规则文件有误",
    "BAD_PRINCIPAL": "调用者身份不明",
    "TOKEN_MISSING": "缺少令牌",
    "BAD_TOKEN": "令牌无效、已过期或已吊销",
    "NO_TOKENS_HERE": "本服务未启用令牌",
    "ROLE_MISSING": "没有此项操作所需的角色",
    "NOT_EVERYWHERE": "此项操作须对所有地区有权",
    "RATE_EXCEEDED": "调用过于频繁，请稍后再试",
    "LOCALITY_NOT_FOUND": "没有这个地区",
    "LOCALITY_EXISTS": "该地区已存在，且名称或时区不同",
    "SCHEME_NOT_FOUND": "没有这个方案",
    "REVISION_NOT_FOUND": "没有这个版本",
    "SCORE_NOT_FOUND": "方案中没有这项考核",
    "PERIOD_NOT_FOUND": "这项考核没有这样的考核期",
    "UNIT_NOT_FOUND": "本期这项考核中没有这个单位",
    "DECISION_NOT_FOUND": "没有这个决定",
    "SUPERSEDED": "该决定已被新的版本取代，请先查看新版本",
    "IS_PROPOSED": "该决定尚待审批",
    "IS_APPROVED": "该决定已批准，待公布",
    "IS_PUBLISHED": "该决定已公布",
    "IS_HELD": "申诉中，暂不公布",
    "IS_REVOKED": "该决定已撤销",
    "SUBMITTER_MAY_NOT_APPROVE": "报送者不得审批自己报送的事项",
    "NO_SUCH_PERIOD": "方案中没有这样的考核期",
    "CLOSED_ALREADY": "本期已结账",
    "PERIOD_NOT_OVER": "本期尚未结束",
    "EARLIER_PERIOD_OPEN": "此前的考核期尚未结账，须按先后结账",
    "LATER_PERIOD_CLOSED": "其后的考核期已结账，须按先后结账",
    "PROJECTOR_STALLED": "判定已停在某条记录，须由管理员处理",
    "NOT_STALLED_THERE": "判定没有停在这条记录",
    "NOT_DECIDED_YET": "尚未判定到这条记录，请稍后再试",
    "CALLER_GONE": "调用方已不再等待",
    "PLUGIN_FAILED": "方案的插件出错，须由管理员处理",
    "NO_VALUE_IN_FORCE": "所需参数在该日没有有效值",
    "REVISION_CHANGED": "现行版本已不是所说的版本",
    "RETROACTIVE": "改动涉及今日以前的取值，须注明追溯",
    "TOO_MANY_STREAMS": "同时的数据流过多，请稍后再试",
    "TOO_MANY_WATCHERS": "同时的订阅过多，请稍后再试",
    "TOO_MANY_ENTRIES": "记录过多",
    "STOPPING": "服务正在停止，请稍后重试",
    "STORE_UNAVAILABLE": "存储暂不可用，请稍后重试",
    "INTERNAL": "服务内部错误",
}
"""Every reason that a status may have, with what is told to officials."""

_CODES: Mapping[type[RuntimeRefusal], grpc.StatusCode] = {
    NotFound: grpc.StatusCode.NOT_FOUND,
    NotNow: grpc.StatusCode.FAILED_PRECONDITION,
    Superseded: grpc.StatusCode.ABORTED,
    NotAllowed: grpc.StatusCode.PERMISSION_DENIED,
    Stopping: grpc.StatusCode.UNAVAILABLE,
}


class Refusal(Exception):
    """A call fails with this status."""

    def __init__(
        self, code: grpc.StatusCode, reason: str, message: str,
        problems: Iterable[FieldProblem] = (), retry_seconds: float = 0.0, **facts: str,
    ) -> None:  # fmt: skip
        """`reason` is one of `WORDS`; `facts` are told to programs (ErrorInfo.metadata).

        `retry_seconds` tells clients when to come back; 0: they know themselves.
        """
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.retry_seconds = retry_seconds
        self.problems = tuple(problems)
        self.facts = facts


def bad_request(problems: Iterable[FieldProblem]) -> Refusal:
    """Return the refusal of a request whose own fields are wrong."""
    told = tuple(problems)
    message = "; ".join(f"{problem.path} {problem.message}" for problem in told)
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_REQUEST", message, told)


def not_found(reason: str, message: str) -> Refusal:
    """Return the refusal of a call about something that is not there."""
    return Refusal(grpc.StatusCode.NOT_FOUND, reason, message)


def refusal_of(error: Exception) -> Refusal | None:
    """Return the refusal that an error amounts to; None for what nobody foresaw."""
    match error:
        case Refusal():
            return error
        case RuntimeRefusal():
            return Refusal(_CODES[type(error)], error.reason, str(error))
        case UnknownLocality():
            return Refusal(
                grpc.StatusCode.NOT_FOUND, "LOCALITY_NOT_FOUND",
                f"no locality {error.locality!r}", locality=error.locality,
            )  # fmt: skip
        case Invalid():
            return bad_request(error.problems)
        case RulesetError():
            return bad_ruleset(error)
        case PluginError():
            return Refusal(grpc.StatusCode.FAILED_PRECONDITION, "PLUGIN_FAILED", str(error))
        case NoValueInForce():
            return Refusal(
                grpc.StatusCode.FAILED_PRECONDITION, "NO_VALUE_IN_FORCE", str(error)
            )  # fmt: skip
        case _:
            return None


def bad_ruleset(error: RulesetError) -> Refusal:
    """Return the refusal of a text that is not a good ruleset: each problem is a field's."""
    problems = [
        FieldProblem(f"{p.file}:{p.line}:{p.col}", p.code, f"{p.message}; {p.fix}", "")
        for p in error.problems
    ]
    message = f"the ruleset is not good: {error.problems[0]}".replace("\n  ", "; ")
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_RULESET", message, problems)


def status_of(refusal: Refusal) -> status_pb2.Status:
    """Return the status of a refusal, with as many of its problems as a status can carry."""
    status = status_pb2.Status(
        code=refusal.code.value[0], message=_short(refusal.message, MESSAGE_LIMIT)
    )
    _add(
        status,
        error_details_pb2.ErrorInfo(
            reason=refusal.reason, domain=DOMAIN,
            metadata={key: _short(value, 100) for key, value in refusal.facts.items()},
        ),
    )  # fmt: skip
    words = WORDS[refusal.reason]
    if refusal.problems and refusal.problems[0].message_zh:
        first = refusal.problems[0]
        words = _short(f"{words}：{first.path} {first.message_zh}", MESSAGE_LIMIT)
    _add(status, error_details_pb2.LocalizedMessage(locale="zh-CN", message=words))
    if refusal.retry_seconds:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(math.ceil(refusal.retry_seconds * 1000))
        _add(status, retry)
    bad = error_details_pb2.BadRequest()
    left = BUDGET - status.ByteSize()
    for problem in refusal.problems:
        violation = _violation(problem)
        left -= violation.ByteSize() + 8
        if left < 0:
            break
        bad.field_violations.append(violation)
    if bad.field_violations:
        _add(status, bad)
    return status


def _violation(problem: FieldProblem) -> error_details_pb2.BadRequest.FieldViolation:
    violation = error_details_pb2.BadRequest.FieldViolation(
        field=problem.path, reason=problem.code, description=_short(problem.message, MESSAGE_LIMIT)
    )
    if problem.message_zh:
        violation.localized_message.locale = "zh-CN"
        violation.localized_message.message = _short(problem.message_zh, MESSAGE_LIMIT)
    return violation


def _add(status: status_pb2.Status, detail: Message) -> None:
    status.details.add().Pack(detail)


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
