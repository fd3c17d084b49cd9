"""Unknown codes of a locality's host, as messages."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.engine.unknown import Unknown
from envrules.model.base import Frozen
from envrules.runtime.runtime import Runtime
from envrules.runtime.unknown_codes import Findings, unknown_codes
from envrules.service.status import not_found
from envrules.v1 import events_pb2
from envrules.v1 import ruleset_service_pb2 as pb
from envrules.wire.field_types import timestamp

_CLASSES = {
    "": events_pb2.OBJECT_CLASS_UNSPECIFIED,
    "component": events_pb2.OBJECT_CLASS_COMPONENT,
    "event": events_pb2.OBJECT_CLASS_EVENT,
}


class Listed(Frozen, order=True):
    """A line of the list, and its place in it."""

    scheme: str
    unknown: Unknown


def unknown_in(runtime: Runtime, locality: str, scheme: str) -> Iterator[tuple[Listed, Findings]]:
    """Yield what a scheme of the locality cannot read; of all its schemes if none is named.

    Raises:
        NotFound: no such locality.
        Refusal: NOT_FOUND, the locality does not use the scheme.
    """
    bindings = runtime.locality(locality)[2].bindings
    if scheme and scheme not in bindings:
        raise not_found("SCHEME_NOT_FOUND", f"{locality} does not use scheme {scheme!r}")
    for slug in [scheme] if scheme else sorted(bindings):
        compiled = runtime.library(slug, bindings[slug].revision)
        for unknown, findings in unknown_codes(runtime.store, locality, compiled).items():
            yield Listed(slug, unknown), findings


def unknown_out(listed: Listed, findings: Findings) -> pb.UnknownCode:
    """Return the message of an unknown code."""
    code, first = listed.unknown.code, findings.earliest[0]
    return pb.UnknownCode(
        scheme=listed.scheme,
        object_class=_CLASSES[code.object_class],
        large_class=code.large_class, small_class=code.small_class, condition=code.condition,
        category=code.category, place=listed.unknown.place, count=findings.count,
        first_seen=timestamp(first.at), last_seen=timestamp(findings.last),
        issues=dict.fromkeys(found.issue for found in findings.earliest if found.issue),
        event_ids=(found.name for found in findings.earliest),
    )  # fmt: skip
