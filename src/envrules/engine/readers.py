"""Which nodes read an event, known from the event alone, and which units a finding concerns.

Events about another event (withdrawals, approvals, appeals) are read where that one is:
`engine.routing` follows them.
"""

from __future__ import annotations

from envrules import calendar as cal
from envrules.engine.nodes import (
    Node,
    checklist_node,
    consequence_node,
    duty_node,
    gate_node,
    indicator_node,
    issue_node,
    score_node,
)
from envrules.kinds.indicators import ComparedVisits, Measured
from envrules.kinds.lifecycle import Role
from envrules.model.base import Instant
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    ApprovalGiven,
    Event,
    EventWithdrawn,
    IndicatorMeasured,
    Inspection,
    IssueFound,
    IssueMoved,
    Payload,
    ReportFiled,
    ScoreSupplied,
    SlipServed,
)
from envrules.ruleset.compile import Scheme

# A look-up among types takes a quarter of what `isinstance` of their union does.
ABOUT_AN_EVENT = frozenset({EventWithdrawn, ApprovalGiven, AppealFiled, AppealDecided})


def target_of(payload: Payload) -> str:
    """Return the id of the event that this one is about (withdrawal, approval, appeal), or ''."""
    if type(payload) in ABOUT_AN_EVENT:
        return payload.target.partition("#")[0]  # type: ignore[union-attr]
    return ""


def charged_unit(scheme: Scheme, found: IssueFound) -> str:
    """Return the unit that a finding names as answerable, by the scheme's `charge`."""
    match scheme.lifecycle.charge:
        case "handler":
            return found.handling_unit or found.place_unit
        case "supervisor":
            return found.department or found.place_unit or found.handling_unit
        case "place":
            return found.place_unit or found.handling_unit


def sharing_units(scheme: Scheme, found: IssueFound) -> dict[str, list[Role]]:
    """Return the units that a finding's points are divided among, and whose share each bears.

    The share of a role that the finding names no unit for is the charged unit's. Without shares
    that unit bears all of it.
    """
    charged = charged_unit(scheme, found)
    named: dict[Role, str] = {
        "place": found.place_unit, "handler": found.handling_unit, "supervisor": found.department,
    }  # fmt: skip
    units: dict[str, list[Role]] = {}
    for role in scheme.lifecycle.shares:
        units.setdefault(named[role] or charged, []).append(role)
    return units or {charged: []}


def nodes_of(scheme: Scheme, event: Event) -> list[Node]:
    """Return the nodes that read this event, decided from the event alone.

    Events about another event (withdrawals, approvals, appeals) go where that one goes; the
    caller follows `target_of`.
    """
    payload, at, slug = event.payload, event.occurred_at, scheme.slug
    nodes: list[Node] = []
    if isinstance(payload, IssueFound):
        nodes.append(issue_node(slug, payload.issue))
        if payload.inspection:
            for unit in sharing_units(scheme, payload):
                nodes += _score_nodes(scheme, payload.source, unit, at)
            unit = charged_unit(scheme, payload)
            nodes += _compared_nodes(scheme, payload.source, unit, at)
    elif isinstance(payload, IssueMoved):
        nodes.append(issue_node(slug, payload.issue))
    elif isinstance(payload, SlipServed):
        nodes += [issue_node(slug, issue) for issue in payload.issues]
    elif isinstance(payload, Inspection):
        nodes += _score_nodes(scheme, payload.kind, payload.unit, at)
        nodes += _checked_nodes(scheme, payload, at)
        nodes += _seen_again(scheme, payload)
        # Some duties are the inspected unit's (to be checked), others the inspector's (to check).
        for unit in dict.fromkeys((payload.unit, payload.organ)):
            nodes += _duty_nodes(scheme, event, unit, "") if unit else ()
    elif isinstance(payload, ScoreSupplied):
        nodes += [
            score_node(slug, s.id, period, payload.unit)
            for s in scheme.scores if s.id == payload.score
            if (period := period_within(scheme, s.period, payload.period))
        ]  # fmt: skip
    elif isinstance(payload, IndicatorMeasured):
        nodes += _measured_nodes(scheme, payload)
    elif isinstance(payload, ReportFiled):
        nodes += _duty_nodes(scheme, event, payload.unit, payload.period)
        nodes += [
            gate_node(slug, gate.id, payload.unit)
            for gate in scheme.gates if payload.duty in gate.reports
        ]  # fmt: skip
        required = {o.words for rule in scheme.rules for o in rule.then if o.within is not None}
        nodes += [
            consequence_node(scheme, payload.unit, period, payload.about)
            for period in _report_periods(scheme, payload, at) if payload.duty in required
        ]  # fmt: skip
    return nodes


def is_of_issue_alone(payload: Payload) -> bool:
    """Return whether `nodes_of` gives the same issues under the rules of any revision."""
    if type(payload) is IssueFound:
        return not payload.inspection
    return type(payload) is IssueMoved or type(payload) is SlipServed


def _score_nodes(scheme: Scheme, inspection: str, unit: str, at: Instant) -> list[Node]:
    return [
        score_node(scheme.slug, s.id, cal.period_of(scheme.timezone, at, s.period), unit)
        for s in scheme.scores
        if inspection in s.counts
        or any(
            inspection in checklist.inspections
            for band in scheme.bands.get(s.id, ()) for checklist in band.needs
        )
    ]  # fmt: skip


def _seen_again(scheme: Scheme, visit: Inspection) -> list[Node]:
    """Return the issues that a visit saw, where a score asks whether they had been put right."""
    asks = any(s.watches_issues and visit.kind in s.counts for s in scheme.scores)
    issues = [finding.issue for finding in visit.findings if finding.issue] if asks else ()
    return [issue_node(scheme.slug, issue) for issue in dict.fromkeys(issues)]


def _checked_nodes(scheme: Scheme, visit: Inspection, at: Instant) -> list[Node]:
    """Return the checklists that an inspection answers, and the indicators that count visits."""
    month = cal.period_of(scheme.timezone, at, "month")
    nodes = [
        checklist_node(scheme.slug, item.id, month, visit.unit, visit.inspection)
        for item in scheme.checklists if visit.kind in item.inspections
    ]  # fmt: skip
    return nodes + _compared_nodes(scheme, visit.kind, visit.unit, at)


def _compared_nodes(scheme: Scheme, inspection: str, unit: str, at: Instant) -> list[Node]:
    return [
        indicator_node(
            scheme.slug, item.id, cal.period_of(scheme.timezone, at, item.period), unit
        )
        for item in scheme.indicators
        if isinstance(item.origin, ComparedVisits) and inspection in item.origin.inspections
    ]  # fmt: skip


def _measured_nodes(scheme: Scheme, measured: IndicatorMeasured) -> list[Node]:
    nodes = [
        indicator_node(scheme.slug, item.id, period, measured.unit)
        for item in scheme.indicators
        if item.id == measured.indicator and isinstance(item.origin, Measured)
        if (period := period_within(scheme, item.period, measured.period))
    ]
    return nodes + [
        gate_node(scheme.slug, gate.id, measured.unit)
        for gate in scheme.gates if measured.indicator in gate.indicators
    ]  # fmt: skip


def _duty_nodes(scheme: Scheme, event: Event, unit: str, period: str) -> list[Node]:
    at = event.occurred_at
    return [
        duty_node(scheme.slug, duty.id, cycle, unit)
        for duty in scheme.duties if duty.meets(event)
        if (cycle := period_within(scheme, duty.every, period, at))
    ]  # fmt: skip


def _report_periods(scheme: Scheme, report: ReportFiled, at: Instant) -> list[str]:
    """Return what a report may answer for.

    One that names no period answers for its month and the two before, its quarter and year and
    the ones before those: the close that required it may have come late. Likewise for its week
    and the eight before, where weeks are closed.
    """
    if report.period:
        return [report.period] if _is_period(report.period) else []
    periods = []
    look_back: dict[cal.PeriodKind, int] = {"month": 2, "quarter": 1, "year": 1}
    if "week" in scheme.closable:
        look_back["week"] = 8
    for kind, back in look_back.items():
        period = cal.period_of(scheme.timezone, at, kind)
        periods.append(period)
        for _ in range(back):
            period = cal.previous_period(period)
            periods.append(period)
    return periods


def _is_period(text: str) -> bool:
    try:
        cal.period_kind(text)
    except cal.CalendarError:
        return False
    return True


_LENGTHS: tuple[cal.PeriodKind, ...] = ("day", "week", "month", "quarter", "year")


def period_within(
    scheme: Scheme, kind: cal.PeriodKind, period: str, at: Instant | None = None
) -> str:
    """Return the period of this kind that contains `period`, or `at` where none is named.

    A month's bonus goes to its year. '' for a text that is no period, or for a longer one: a year
    does not say which of its months is meant.
    """
    if not period and at is not None:
        return cal.period_of(scheme.timezone, at, kind)
    if not _is_period(period) or _LENGTHS.index(cal.period_kind(period)) > _LENGTHS.index(kind):
        return ""
    return cal.period_around(period, kind)
