"""Issue lifecycle: which steps may follow which, what a record must hold, when a clock runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from envrules.kinds.common import Cited, ParamRef, Slug, Sourced, Spec, Where, Word
from envrules.kinds.compiled import Filter, Parameter
from envrules.kinds.taxonomy import unmet
from envrules.model.base import Instant
from envrules.model.decisions import Step
from envrules.model.events import Event, IssueFound, IssueMoved
from envrules.model.values import Citation

MoveWord = Literal[
    "accepted", "not_filed", "verified_before_filing", "filed", "registered", "dispatched",
    "returned", "reassigned", "handled", "check_passed", "check_failed", "closed",
    "force_closed", "voided", "merged", "supervised", "extended", "deferred", "suspended",
    "resumed", "called_back",
]  # fmt: skip


class OrderSpec(Cited):
    """Steps none of which may be skipped: each needs the one before it."""

    steps: tuple[MoveWord, ...] = Field(
        min_length=2, description="the steps, in their order; others may come in between"
    )


class RequiredSpec(Cited):
    """Ledger fields that must be filled when a step is taken."""

    fields: tuple[Word, ...] = Field(
        min_length=1,
        description="fields; an empty one is reported, and keeps the issue from closing",
    )


class ConditionSpec(Sourced):
    """A step that is refused unless the ledger says what the clause asks for."""

    id: Slug = Field(description="key, as in the fact `refused: id`")
    at: MoveWord = Field(description="step that is refused")
    where: Where = Where()
    fields: dict[Word, tuple[Word, ...]] = Field(
        default_factory=dict,
        description="ledger fields, each with the values that satisfy it; none: any text does",
    )
    until: bool = Field(default=False, description="the step must also name a time limit")

    @model_validator(mode="after")
    def _something(self) -> ConditionSpec:
        if not self.fields and not self.until:
            raise ValueError("give fields, or until: true")
        return self


Role = Literal["place", "handler", "supervisor"]


class IssuesSpec(Spec):
    """How issues live in this scheme."""

    charge: Role = Field(
        default="place",
        description="who answers for an issue, as its finding names it: its place's unit, the "
        "handling unit, or the competent department; a later reassignment does not move it",
    )
    shares: dict[Role, ParamRef] = Field(
        default_factory=dict,
        description="points of a finding divided among several; none: all to `charge`",
    )
    order: OrderSpec | None = None
    required: dict[MoveWord | Literal["found"], RequiredSpec] = Field(default_factory=dict)
    conditions: tuple[ConditionSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """Compiled condition of a step."""

    id: str
    citation: Citation
    at: str
    where: Filter
    fields: Mapping[str, tuple[str, ...]]
    until: bool


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Compiled `issues` section."""

    charge: Role
    shares: Mapping[Role, Parameter]
    order: tuple[str, ...]
    order_citation: Citation
    required: Mapping[str, tuple[tuple[str, ...], Citation]]
    """Step → the ledger fields it needs and the clause that says so."""
    direct_issue: Mapping[str, frozenset[str]]
    """Rung id → organs, or types of unit, that may issue it at once."""
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A judgement on one event of the issue: it was refused, or its record is incomplete."""

    event: Event
    outcome: Literal["rejected", "incomplete", "parked"]
    reason: str
    citation: Citation | None = None
    condition: str = ""
    """The condition that refused the step."""
    described: tuple[Step, ...] = ()
    """The campaigns by which that condition is about the issue."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A suspension (挂账): who began it and, if somebody did, who ended it."""

    since: Instant
    until: Instant | None
    events: tuple[Event, ...]


@dataclass(slots=True)
class IssueState:
    """What the events of one issue amount to. Built by `fold`, read-only afterwards."""

    issue: str
    found: Event | None = None
    starts: dict[str, Event] = field(default_factory=dict)
    """First event of each step that can start a clock."""
    claim: Event | None = None
    """The handling unit's claim that stands (neither failed nor called back)."""
    verified: Event | None = None
    closed: Event | None = None
    forced: bool = False
    out: Event | None = None
    """Event that took the issue out of judgement: voided, not filed, merged, duplicate."""
    failed_checks: list[Event] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    extensions: list[Event] = field(default_factory=list)
    """Extensions and deferrals that took effect, in Order."""
    taken: set[str] = field(default_factory=set)
    ledger: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Step taken → ledger fields still empty."""
    direct: dict[str, Event] = field(default_factory=dict)
    """Rung → event by which an authorised organ issued it at once."""
    findings: list[Finding] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    """Ids of the events that took effect, in Order."""

    @property
    def payload(self) -> IssueFound:
        """The finding; only for issues that have one."""
        assert self.found is not None
        assert isinstance(self.found.payload, IssueFound)
        return self.found.payload

    def forced_stop(self, stop: str) -> bool:
        """Return whether nothing but a forced closing stopped the clock: never in time."""
        if not self.forced:
            return False
        if stop == "closed":
            return True
        return self.verified is None and (stop == "verified" or self.claim is None)

    @property
    def open(self) -> bool:
        """Whether the issue still waits for something."""
        return self.closed is None and self.out is None

    def start_of(self, step: str) -> Event | None:
        """Return the event that starts a clock of this kind, if it has happened."""
        return self.found if step == "found" else self.starts.get(step)

    def stop_of(self, stop: str) -> tuple[Instant | None, bool]:
        """Return when the clock stopped, and whether that is final.

        A claim that no check has answered yet stops the clock provisionally: if the check fails,
        the clock has never stopped; if it passes, it stopped when the claim was made.
        """
        if stop == "closed":
            return (self.closed.occurred_at, True) if self.closed else (None, False)
        if stop == "handled":
            done = self.claim or self.verified or self.closed
            return (done.occurred_at, True) if done else (None, False)
        if self.verified is not None:
            return (self.claim or self.verified).occurred_at, True
        if self.closed is not None:
            return (self.claim or self.closed).occurred_at, True
        return (self.claim.occurred_at, False) if self.claim else (None, False)

    def ended(self, stop: str) -> tuple[Instant | None, tuple[str, ...]]:
        """Return when the issue reached `stop` for good (None: not yet), and the events that say so.

        One that was closed by force, and nothing else, ended when it was closed.
        """
        at, final = self.stop_of(stop)
        if at is None or not final:
            return None, ()
        if self.closed is not None and (stop == "closed" or self.forced_stop(stop)):
            return self.closed.occurred_at, (self.closed.id,)
        said = (self.claim, self.verified or self.closed)
        ids = [event.id for event in said if event is not None]
        return at, tuple(ids[:1] if stop == "handled" else ids)


TERMINAL = frozenset({"closed", "force_closed", "voided", "merged", "not_filed"})
_STARTS = frozenset({"accepted", "filed", "registered", "dispatched"})
_NEEDS_APPROVER = {
    "suspended": "挂账", "extended": "延期", "deferred": "缓办", "force_closed": "强制结案",
}  # fmt: skip
_NEEDS_UNTIL = {"extended": "延期", "deferred": "缓办"}
_LIMITED = {**_NEEDS_UNTIL, "suspended": "挂账"}
WORDS = {
    "found": "发现", "accepted": "受理", "not_filed": "不予立案", "verified_before_filing": "立案核实",
    "filed": "立案", "registered": "登记", "dispatched": "派遣", "returned": "回退",
    "reassigned": "改派", "handled": "处置反馈", "check_passed": "核查通过", "check_failed": "核查不通过",
    "closed": "结案", "force_closed": "强制结案", "voided": "作废", "merged": "并案",
    "supervised": "督办", "extended": "延期", "deferred": "缓办", "suspended": "挂账",
    "resumed": "恢复", "called_back": "撤回",
}  # fmt: skip


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
