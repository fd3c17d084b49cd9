"""From the events of one issue to its state: each step is taken, refused or not yet complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from envrules.kinds.issue_record import Finding, IssueState, Pause
from envrules.kinds.lifecycle import WORDS, Lifecycle
from envrules.kinds.taxonomy import unmet
from envrules.model.base import Instant
from envrules.model.events import Event, IssueFound, IssueMoved

_STARTS = frozenset({"accepted", "filed", "registered", "dispatched"})
_NEEDS_APPROVER = {
    "suspended": "挂账", "extended": "延期", "deferred": "缓办", "force_closed": "强制结案",
}  # fmt: skip
_NEEDS_UNTIL = {"extended": "延期", "deferred": "缓办"}
_LIMITED = {**_NEEDS_UNTIL, "suspended": "挂账"}

TypeOf = Callable[[str, Instant], str]
"""From a unit and a time to the type it is registered under, or ''."""


def fold(
    issue: str,
    events: Iterable[Event],
    rules: Lifecycle,
    day_of: Callable[[Instant], date],
    type_of: TypeOf = lambda *_: "",
) -> IssueState:
    """Return what the live events of one issue, in Order, amount to."""
    state = IssueState(issue)
    for event in events:
        payload = event.payload
        if isinstance(payload, IssueFound):
            _find(state, event, payload, rules)
        elif isinstance(payload, IssueMoved):
            finding = (
                _refusal(state, event, payload, rules, type_of)
                or _condition(state, event, payload, rules, day_of)
                or _incomplete(state, event, payload, rules)
            )
            if finding is not None:
                state.findings.append(finding)
            else:
                _take(state, event, payload, rules)
    _report_lacking(state, rules)
    return state


def _find(state: IssueState, event: Event, payload: IssueFound, rules: Lifecycle) -> None:
    if state.found is not None:
        state.findings.append(
            Finding(event, "rejected", f"案件 {state.issue} 已有发现记录，同一案号不得重复上报")
        )
        return
    state.found = event
    state.ledger.update({k: v for k, v in payload.ledger.items() if v})
    state.causes.append(event.id)
    if payload.duplicate_of:
        state.out = event
    _note_step(state, event, "found", rules)


def _refusal(
    state: IssueState, event: Event, move: IssueMoved, rules: Lifecycle, type_of: TypeOf
) -> Finding | None:
    """Return why this step may not be taken now, or None."""
    word = WORDS[move.move]
    if state.found is None:
        return Finding(event, "parked", f"案件 {state.issue} 尚无发现记录，“{word}”暂存待判")
    ended = state.out or state.closed
    if ended is not None and move.move != "called_back":
        return Finding(event, "rejected", f"案件 {state.issue} 已办结或已退出，不能再“{word}”")
    if move.move == "called_back" and ended is None and state.claim is None:
        return Finding(event, "rejected", "没有可以撤回的步骤")
    skipped = _skipped(state, move.move, rules)
    if skipped:
        return Finding(
            event, "rejected", f"未经“{WORDS[skipped]}”，不得“{word}”", rules.order_citation
        )
    if move.move == "check_failed" and state.claim is None and state.verified is None:
        return Finding(event, "rejected", "没有待核查的处置反馈，不能判核查不通过")
    if move.move == "supervised" and move.slip:
        organs = rules.direct_issue.get(move.slip)
        if organs is None:
            return Finding(event, "rejected", f"本方案没有“{move.slip}”这一级督办单")
        if not organs & {move.by_unit, type_of(move.by_unit, event.occurred_at)}:
            return Finding(event, "rejected", f"{move.by_unit or '（未写单位）'}无权直接下发督办单")
    return None


def _condition(
    state: IssueState, event: Event, move: IssueMoved, rules: Lifecycle,
    day_of: Callable[[Instant], date],
) -> Finding | None:  # fmt: skip
    """Return which condition of the scheme refuses this step, or None."""
    if not rules.conditions or state.found is None:
        return None
    ledger = _after(state, move)
    day = day_of(state.found.occurred_at)
    for one in rules.conditions:
        if one.at != move.move or not one.where.holds(state.payload, day):
            continue
        lacking = [_asked(name, one.fields[name]) for name in unmet(one.fields, ledger)]
        if one.until and move.until is None:
            lacking.append("期限")
        if lacking:
            reason = f"{one.citation.title}：缺{'、'.join(lacking)}，不予“{WORDS[move.move]}”"
            return Finding(
                event, "rejected", reason, one.citation, one.id, one.where.steps(day)
            )  # fmt: skip
    return None


def _incomplete(
    state: IssueState, event: Event, move: IssueMoved, rules: Lifecycle
) -> Finding | None:
    """Return what the step still lacks to take effect, or None."""
    if move.move in _NEEDS_APPROVER and not move.approver:
        return Finding(event, "incomplete", f"{_NEEDS_APPROVER[move.move]}须写明批准人，暂不生效")
    if move.move == "suspended" and not move.basis:
        return Finding(event, "incomplete", "挂账须写明依据，暂不生效")
    if move.move in _NEEDS_UNTIL and move.until is None:
        return Finding(event, "incomplete", f"{_NEEDS_UNTIL[move.move]}须写明新的期限，暂不生效")
    if move.until is not None and move.until <= event.occurred_at and move.move in _LIMITED:
        return Finding(event, "incomplete", f"{_LIMITED[move.move]}的期限须在批准之后，暂不生效")
    if move.move == "closed":
        return _unready(state, event, move, rules)
    return None


def _asked(name: str, values: tuple[str, ...]) -> str:
    return f"{name}（{'或'.join(values)}）" if values else name


def _after(state: IssueState, move: IssueMoved) -> dict[str, str]:
    """Return the ledger as it is once the step has filled in what it brings."""
    return {**state.ledger, **{name: text for name, text in move.ledger.items() if text}}


def _skipped(state: IssueState, move: str, rules: Lifecycle) -> str:
    """Return the step that `move` would skip, or an empty string."""
    if move in rules.order:
        for step in rules.order[: rules.order.index(move)]:
            if step not in state.taken:
                return step
    return ""


def _unready(state: IssueState, event: Event, move: IssueMoved, rules: Lifecycle) -> Finding | None:
    """A record with empty fields is not struck off; the move itself may fill them."""
    ledger = _after(state, move)
    for step, (fields, citation) in rules.required.items():
        empty = [name for name in fields if not ledger.get(name)]
        if step in state.taken and empty:
            return Finding(event, "incomplete", f"台账缺{'、'.join(empty)}，不得销号", citation)
    return None


def _take(state: IssueState, event: Event, move: IssueMoved, rules: Lifecycle) -> None:
    state.ledger.update({k: v for k, v in move.ledger.items() if v})
    state.causes.append(event.id)
    at = event.occurred_at
    match move.move:
        case "handled":
            state.claim, state.verified = event, None
        case "check_passed":
            state.verified = event
        case "check_failed":
            state.failed_checks.append(event)
            _undo(state)
        case "called_back":
            state.closed, state.out, state.forced = None, None, False
            _undo(state)
        case "closed" | "force_closed":
            state.closed, state.forced = event, move.move == "force_closed"
        case "voided" | "merged" | "not_filed":
            state.out = event
        case "suspended":
            if not _is_paused(state, at):
                state.pauses.append(Pause(at, move.until, (event,)))
        case "resumed":
            if _is_paused(state, at):
                begun = state.pauses[-1]
                state.pauses[-1] = Pause(begun.since, at, (*begun.events, event))
        case "extended" | "deferred":
            state.extensions.append(event)
        case "supervised":
            if move.slip:
                state.direct.setdefault(move.slip, event)
        case _:
            pass
    if move.move in _STARTS:
        state.starts.setdefault(move.move, event)
    _note_step(state, event, move.move, rules)


def _is_paused(state: IssueState, at: Instant) -> bool:
    """Return whether a suspension holds at `at`: not resumed, and its own end not reached."""
    if not state.pauses:
        return False
    until = state.pauses[-1].until
    return until is None or until > at


def _undo(state: IssueState) -> None:
    """The claim is void: the steps after it have not been taken."""
    state.claim, state.verified = None, None
    state.taken -= {"handled", "check_passed", "closed"}


def _note_step(state: IssueState, event: Event, step: str, rules: Lifecycle) -> None:
    state.taken.add(step)
    if step in rules.required:
        fields, citation = rules.required[step]
        empty = tuple(name for name in fields if not state.ledger.get(name))
        if empty:
            reason = f"{WORDS[step]}缺{'、'.join(empty)}，记录不完整；问题照记，补齐后即生效"
            state.lacking[step] = empty
            state.findings.append(Finding(event, "incomplete", reason, citation))


def _report_lacking(state: IssueState, rules: Lifecycle) -> None:
    """Drop what later events have filled in: only fields still empty stay incomplete."""
    for step in list(state.lacking):
        fields, citation = rules.required[step]
        if all(state.ledger.get(name) for name in fields):
            del state.lacking[step]
            state.findings = [
                f for f in state.findings
                if not (f.outcome == "incomplete" and f.citation is citation
                        and _step_of(f.event) == step)
            ]  # fmt: skip


def _step_of(event: Event) -> str:
    return event.payload.move if isinstance(event.payload, IssueMoved) else "found"
