"""RulesetService: look at rulesets, check, compare and publish them."""

from __future__ import annotations

from collections.abc import Iterator

import grpc

from envrules.errors import errors_in
from envrules.model.entries import Published, decode_entry
from envrules.ruleset.check import check_text
from envrules.ruleset.check_codes import check_codes_text
from envrules.ruleset.load import load_ruleset
from envrules.ruleset.overrides import Overrides
from envrules.service.fields import OPTIONAL_ID, OPTIONAL_SLUG, REQUIRED_TEXT, TEXT, Fields
from envrules.service.host import Host
from envrules.service.paging import Cursor, fitting, next_token, position
from envrules.service.publishing import Publication, Publisher
from envrules.service.rulesets_in import GivenCodes, codes_in, overrides_in, source_in, text_in
from envrules.service.rulesets_out import (
    changes_out,
    problems_out,
    published_out,
    ruleset_out,
)
from envrules.service.simulating import Trial, periods_in, simulated
from envrules.service.status import not_found
from envrules.service.unknown_out import Listed, unknown_in, unknown_out
from envrules.service.visible import shelf_for
from envrules.v1 import ruleset_service_pb2 as pb
from envrules.v1.ruleset_service_pb2_grpc import RulesetServiceServicer
from envrules.whatif import Question


class RulesetService(RulesetServiceServicer):
    """Reads, checks and publishes rulesets."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._publisher = Publisher(host)

    def ListRulesets(
        self, request: pb.ListRulesetsRequest, context: grpc.ServicerContext
    ) -> pb.ListRulesetsResponse:
        """List the schemes."""
        fields = Fields()
        size = fields.page_size(request.page_size)
        after = position(request, str, fields) or ""
        fields.done()
        self._host.principals.caller(context, "read")
        shelf = shelf_for(self._host, context)
        slugs = [slug for slug in shelf.slugs() if slug > after]
        response = pb.ListRulesetsResponse(
            rulesets=fitting(ruleset_out(shelf.newest(slug)) for slug in slugs[:size])
        )
        sent = len(response.rulesets)
        if sent < len(slugs):
            response.next_page_token = next_token(request, slugs[sent - 1])
        return response

    def GetRuleset(
        self, request: pb.GetRulesetRequest, context: grpc.ServicerContext
    ) -> pb.GetRulesetResponse:
        """Return a ruleset with its files."""
        fields = Fields()
        scheme = fields.slug("scheme", request.scheme)
        locality = str(fields.take("locality", OPTIONAL_SLUG, request.locality))
        revision = str(fields.take("revision", OPTIONAL_ID, request.revision))
        fields.done()
        self._host.principals.caller(context, "read", locality)
        if locality and not revision:
            revision = self._in_force(locality, scheme)
        found = shelf_for(self._host, context).revision(scheme, revision or "latest")
        return pb.GetRulesetResponse(ruleset=ruleset_out(found, files=True))

    def ValidateRuleset(
        self, request: pb.ValidateRulesetRequest, context: grpc.ServicerContext
    ) -> pb.ValidateRulesetResponse:
        """Check a text."""
        fields = Fields()
        scheme = fields.slug("scheme", request.scheme)
        text, file = text_in("files", request.files, scheme, fields)
        codes = codes_in(request, fields).table
        fields.done()
        self._host.principals.caller(context, "read")
        problems = errors_in(check_text(text, file))
        if codes is not None:
            spec = None if problems else load_ruleset(text, file).spec
            problems += errors_in(check_codes_text(codes, spec))
        if problems:
            return pb.ValidateRulesetResponse(problems=problems_out(problems))
        revision = self._host.shelf.tried(scheme, text, file, {}, codes).scheme.revision
        return pb.ValidateRulesetResponse(revision=revision)

    def DiffRulesets(
        self, request: pb.DiffRulesetsRequest, context: grpc.ServicerContext
    ) -> pb.DiffRulesetsResponse:
        """Compare two rulesets of one scheme."""
        fields = Fields()
        scheme = fields.slug("scheme", request.scheme)
        before = source_in("before", request.before, scheme, fields)
        after = source_in("after", request.after, scheme, fields)
        locality = str(fields.take("locality", OPTIONAL_SLUG, request.locality))
        fields.done()
        self._host.principals.caller(context, "read", locality)
        own, codes = self._own(locality, scheme) if locality else ({}, GivenCodes())
        shelf = shelf_for(self._host, context)
        old, new = (
            given.found(shelf, scheme, {}, GivenCodes()) if given.is_exact
            else given.found(shelf, scheme, own, codes)
            for given in (before, after)
        )  # fmt: skip
        return pb.DiffRulesetsResponse(changes=changes_out(new.changes(old)))

    def _own(self, locality: str, scheme: str) -> tuple[Overrides, GivenCodes]:
        """Return a locality's own values of a scheme, and its table of codes."""
        source = self._host.shelf.revision(scheme, self._in_force(locality, scheme)).source
        return source.overrides, GivenCodes(given=True, table=source.codes)

    def _in_force(self, locality: str, scheme: str) -> str:
        binding = self._host.runtime.locality(locality)[2].bindings.get(scheme)
        if binding is None:
            raise not_found("SCHEME_NOT_FOUND", f"{locality} does not use scheme {scheme!r}")
        return binding.revision

    def PublishRuleset(
        self, request: pb.PublishRulesetRequest, context: grpc.ServicerContext
    ) -> pb.PublishRulesetResponse:
        """Put a ruleset into force."""
        fields = Fields()
        locality = fields.slug("locality", request.locality)
        scheme = fields.slug("scheme", request.scheme)
        source = source_in("ruleset", request.ruleset, scheme, fields)
        overrides = overrides_in("overrides", request.overrides, fields)
        codes = codes_in(request, fields)
        kind = REQUIRED_TEXT if request.retroactive else TEXT
        reason = str(fields.take("reason", kind, request.reason))
        expected = str(fields.take("expected_revision", OPTIONAL_ID, request.expected_revision))
        fields.done()
        by = self._host.principals.caller(context, "operate", locality)
        ruleset = source.found(shelf_for(self._host, context), scheme, overrides, codes)
        keeps_codes = not (codes.given or source.is_exact)
        done = self._publisher.publish(
            Publication(
                locality, ruleset, keeps_codes, by, reason, request.retroactive, expected,
                request.validate_only,
            ),
            context,
        )  # fmt: skip
        published = published_out(done.entry, done.seq, done.ruleset.source)
        return pb.PublishRulesetResponse(published=published, changes=changes_out(done.changes))

    def ListRevisions(
        self, request: pb.ListRevisionsRequest, context: grpc.ServicerContext
    ) -> pb.ListRevisionsResponse:
        """List what was published."""
        fields = Fields()
        locality = fields.slug("locality", request.locality)
        scheme = fields.slug("scheme", request.scheme)
        size = fields.page_size(request.page_size)
        before = position(request, Cursor, fields)
        fields.done()
        self._host.principals.caller(context, "read", locality)
        store = self._host.runtime.store
        seqs = [row.seq for row in reversed(store.bindings(locality)) if row.scheme == scheme]
        if not seqs:
            raise not_found("SCHEME_NOT_FOUND", f"{locality} does not use scheme {scheme!r}")
        left = [seq for seq in seqs if before is None or seq < before]
        rows = store.log_rows(locality, left[:size])
        response = pb.ListRevisionsResponse()
        for seq in left[:size]:
            entry = decode_entry(rows[seq].payload)
            assert isinstance(entry, Published)
            source = self._host.runtime.library.source(scheme, entry.revision)
            response.revisions.append(published_out(entry, seq, source))
        if len(left) > size:
            response.next_page_token = next_token(request, left[size - 1])
        return response

    def ListUnknownCodes(
        self, request: pb.ListUnknownCodesRequest, context: grpc.ServicerContext
    ) -> pb.ListUnknownCodesResponse:
        """List the host's codes that nobody has mapped."""
        fields = Fields()
        locality = fields.slug("locality", request.locality)
        scheme = str(fields.take("scheme", OPTIONAL_SLUG, request.scheme))
        size = fields.page_size(request.page_size)
        after = position(request, Listed, fields)
        fields.done()
        self._host.principals.caller(context, "read", locality)
        left = [
            (listed, findings)
            for listed, findings in unknown_in(self._host.runtime, locality, scheme)
            if after is None or listed > after
        ]
        page = fitting(unknown_out(listed, findings) for listed, findings in left[:size])
        response = pb.ListUnknownCodesResponse(codes=page)
        sent = len(response.codes)
        if sent < len(left):
            response.next_page_token = next_token(request, left[sent - 1][0])
        return response

    def SimulateRuleset(
        self, request: pb.SimulateRulesetRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.SimulateRulesetResponse]:
        """Try a ruleset on recorded history."""
        fields = Fields()
        locality = fields.slug("locality", request.locality)
        scheme = fields.slug("scheme", request.scheme)
        source = source_in("ruleset", request.ruleset, scheme, fields)
        overrides = overrides_in("overrides", request.overrides, fields)
        first, last = periods_in(request, fields)
        fields.done()
        self._host.principals.caller(context, "read", locality)
        asked = Trial(locality, Question(scheme, first, last), source, overrides)
        yield from simulated(self._host, asked, context)
