"""What a host calls things that a scheme cannot read: said when it is parked, listed for operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from envrules.model.base import Frozen
from envrules.model.events import Event, Finding, Inspection, IssueFound
from envrules.ruleset.code_table import HostCode, code_of
from envrules.ruleset.compile import Scheme


class Unknown(Frozen, order=True):
    """A code, or a kind of place, that neither the scheme nor its code table knows."""

    code: HostCode = HostCode()
    place: str = ""


def unknown_category(scheme: Scheme, code: HostCode) -> str:
    """Return why the scheme cannot read what was found; '' if it can, or if nothing says what."""
    if code.category in scheme.categories:
        return _unknown_condition(scheme, code)
    if not scheme.categories or not _says(code):
        return ""
    classes = replace(code, category="")
    reason = f"代码“{classes}”不在本方案之内"
    if code.category:
        besides = f"（{classes}）" if _says(classes) else ""
        reason = f"问题类别“{code.category}”{besides}不在本方案之内"
    if scheme.codes is not None:
        return f"{reason}，代码表“{scheme.codes.title}”亦未收录"
    return reason


def _unknown_condition(scheme: Scheme, code: HostCode) -> str:
    """Return why a filing condition cannot be read; '' if it can, or if none is given."""
    known = scheme.conditions.get(code.category)
    if not known or not code.condition or code.condition in known:
        return ""
    title = scheme.categories[code.category]
    return f"“{title}”的立案条件“{code.condition}”不在本方案之内"


def _says(code: HostCode) -> bool:
    """Return whether a code says anything: that it is a component or an event is too little."""
    return code != HostCode(object_class=code.object_class)


def unknowns(scheme: Scheme, event: Event) -> Iterator[tuple[str, Unknown]]:
    """Yield what the scheme cannot read of an event as it came, each with its finding's id or ''."""
    read = _findings(scheme.read(event))
    for finding_id, came in _findings(event).items():
        finding = read.get(finding_id)
        if finding is None:
            continue
        if unknown_category(scheme, code_of(finding)):
            yield finding_id, Unknown(code_of(came))
        if finding.place and scheme.places and finding.place not in scheme.places:
            yield finding_id, Unknown(place=came.place)


def _findings(event: Event) -> Mapping[str, IssueFound | Finding]:
    match event.payload:
        case IssueFound() as issue:
            return {"": issue}
        case Inspection() as inspection:
            return {finding.id: finding for finding in inspection.findings}
        case _:
            return {}
