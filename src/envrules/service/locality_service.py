"""LocalityService: the tenants, and how they are doing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc

from envrules import calendar as cal
from envrules.calendar.localtime import zone
from envrules.engine.kept import Binding, Locality
from envrules.ruleset.overrides import Overrides
from envrules.service.candidates import Candidates
from envrules.service.fields import ID, OPTIONAL_ID, REQUIRED_TEXT, Fields
from envrules.service.host import Host
from envrules.service.paging import fitting, next_token, position
from envrules.service.principal import EVERYWHERE
from envrules.service.rulesets_in import overrides_in
from envrules.service.rulesets_out import codes_file, overrides_out, problems_out
from envrules.service.shelf import Ruleset
from envrules.service.status import Refusal
from envrules.store import LocalityRow, ProjectionRow, UnknownLocality
from envrules.v1 import locality_service_pb2 as pb
from envrules.v1.locality_service_pb2_grpc import LocalityServiceServicer
from envrules.wire.decisions_out import optional_timestamp
from envrules.wire.field_types import timestamp
from envrules.wire.problems import shown

_PATIENCE = 10.0


class LocalityService(LocalityServiceServicer):
    """Creates localities and shows their state."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._candidates = Candidates(host)

    def CreateLocality(
        self, request: pb.CreateLocalityRequest, context: grpc.ServicerContext
    ) -> pb.CreateLocalityResponse:
        """Create a locality and bind its schemes."""
        fields = Fields()
        locality = fields.slug("locality", request.locality)
        title = fields.take("title", ID, request.title)
        timezone = _timezone(request.timezone, fields)
        wanted = _bindings(request, fields)
        fields.done()
        by = self._host.principals.caller(context, "administer", EVERYWHERE)
        # All rulesets are found before anything is created, so that a bad one changes nothing.
        rulesets = [self._ruleset(*binding) for binding in wanted]
        self._create(locality, title, timezone)
        self._bind(locality, rulesets, by, context)
        return pb.CreateLocalityResponse(locality=self._described(locality))

    def _ruleset(self, scheme: str, revision: str, overrides: Overrides) -> Ruleset:
        shelf = self._host.shelf
        found = shelf.revision(scheme, revision) if revision else shelf.newest(scheme)
        return shelf.with_overrides(found, overrides)

    def _create(self, locality: str, title: str, timezone: str) -> None:
        try:
            known = self._host.runtime.store.locality(locality)
        except UnknownLocality:
            self._host.runtime.create_locality(locality, title, timezone)
            return
        if (known.title, known.timezone) != (title, timezone):
            raise Refusal(
                grpc.StatusCode.ALREADY_EXISTS, "LOCALITY_EXISTS",
                f"locality {locality!r} exists, as {known.title!r} in {known.timezone}",
            )  # fmt: skip

    def _bind(
        self, locality: str, rulesets: list[Ruleset], by: str, context: grpc.ServicerContext
    ) -> None:
        """Publish what is not bound yet: a creation that was cut short is completed."""
        row, _, _ = self._host.runtime.locality(locality)
        self._host.wait_decided(context, locality, row.head_seq, _PATIENCE)
        bound = self._host.runtime.locality(locality)[2].bindings
        seq = 0
        for ruleset in rulesets:
            if ruleset.scheme.slug not in bound:
                source = ruleset.source
                _, seq = self._host.runtime.publish(
                    locality, ruleset.scheme.slug, by, text=source.text, file=source.file,
                    overrides=source.overrides, codes=source.codes,
                )  # fmt: skip
        if seq:
            self._host.wait_decided(context, locality, seq, _PATIENCE)

    def GetLocality(
        self, request: pb.GetLocalityRequest, context: grpc.ServicerContext
    ) -> pb.GetLocalityResponse:
        """Return a locality and its state."""
        fields = Fields()
        locality = fields.slug("locality", request.locality)
        fields.done()
        self._host.principals.caller(context, "read", locality)
        return pb.GetLocalityResponse(locality=self._described(locality))

    def ListLocalities(
        self, request: pb.ListLocalitiesRequest, context: grpc.ServicerContext
    ) -> pb.ListLocalitiesResponse:
        """List a page of localities."""
        fields = Fields()
        size = fields.page_size(request.page_size)
        after = position(request, str, fields) or ""
        fields.done()
        self._host.principals.caller(context, "read")
        sees = self._host.principals.of(context).sees
        rows = self._host.runtime.store.localities()
        ids = [row.id for row in rows if row.id > after and sees(row.id)]
        page = fitting(self._described(locality) for locality in ids[:size])
        response = pb.ListLocalitiesResponse(localities=page)
        sent = len(response.localities)
        if sent < len(ids):
            response.next_page_token = next_token(request, ids[sent - 1])
        return response

    def SkipEntry(
        self, request: pb.SkipEntryRequest, context: grpc.ServicerContext
    ) -> pb.SkipEntryResponse:
        """Let a stalled locality go on without one log entry."""
        fields = Fields()
        locality = fields.slug("locality", request.locality)
        if not request.seq:
            fields.refuse("seq", "REQUIRED")
        fields.count("seq", request.seq)
        reason = str(fields.take("reason", REQUIRED_TEXT, request.reason))
        fields.done()
        by = self._host.principals.caller(context, "administer", locality)
        seq = self._host.runtime.skip(locality, request.seq, by, reason)
        self._host.wait_decided(context, locality, seq, _PATIENCE)
        return pb.SkipEntryResponse(seq=seq)

    # ── showing ──

    def _described(self, locality: str) -> pb.Locality:
        row, projection, state = self._host.runtime.locality(locality)
        return pb.Locality(
            locality=row.id, title=row.title, timezone=row.timezone,
            schemes=self._schemes(state), head_seq=row.head_seq,
            projected_seq=projection.position, decision_seq=projection.decision_seq,
            now=optional_timestamp(state.tick or None),
            sources=(
                pb.Source(source=source, until=timestamp(until))
                for source, until in sorted(state.sources.items())
            ),
            stall=self._stall(row, projection),
        )  # fmt: skip

    def _schemes(self, state: Locality) -> Iterator[pb.SchemeBinding]:
        for slug, binding in sorted(state.bindings.items()):
            source = self._host.runtime.library.source(slug, binding.revision)
            yield pb.SchemeBinding(
                scheme=slug, revision=binding.revision,
                overrides=overrides_out(source.overrides), code_table=codes_file(source),
                file=self._file(binding),
            )  # fmt: skip

    def _file(self, binding: Binding) -> pb.WatchedRuleset | None:
        watched = self._host.watched[binding.scheme]
        if watched is None:
            return None
        candidate, problems = self._candidates.state(binding)
        return pb.WatchedRuleset(
            path=watched.file, read_at=timestamp(watched.read_at), problems=problems_out(problems),
            candidate=candidate.revision if candidate is not None else "",
            retroactive=candidate is not None and candidate.retroactive,
            accepted=watched.accepted, refused=watched.refused,
        )  # fmt: skip

    def _stall(self, locality: LocalityRow, projection: ProjectionRow) -> pb.Stall | None:
        """Return why the decisions stand still: since the entry came that cannot be judged."""
        seq = projection.stalled_seq
        if seq is None:
            return None
        entry = self._host.runtime.store.log_rows(locality.id, (seq,))[seq]
        return pb.Stall(
            seq=seq, reason=projection.stalled_reason, since=timestamp(entry.recorded_at)
        )


def _timezone(raw: str, fields: Fields) -> str:
    name = str(fields.take("timezone", ID, raw))
    if name:
        try:
            zone(name)
        except cal.CalendarError:
            hint = "; write an IANA name such as Asia/Shanghai"
            fields.refuse("timezone", "UNKNOWN_VALUE", value=shown(name), hint=hint)
    return name


def _bindings(
    request: pb.CreateLocalityRequest, fields: Fields
) -> list[tuple[str, str, Overrides]]:
    found: dict[str, Any] = {}
    for i, given in enumerate(request.schemes):
        path = f"schemes[{i}]"
        scheme = fields.slug(f"{path}.scheme", given.scheme)
        if scheme in found:
            fields.refuse(f"{path}.scheme", "REPEATED", value=shown(scheme))
        revision = str(fields.take(f"{path}.revision", OPTIONAL_ID, given.revision))
        overrides = overrides_in(f"{path}.overrides", given.overrides, fields)
        found[scheme] = (scheme, revision, overrides)
    return list(found.values())
