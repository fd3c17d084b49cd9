"""Calls about rulesets."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.client.connection import Connection
from envrules.client.messages import Overrides, code_table, override_messages, ruleset_files
from envrules.v1 import ruleset_service_pb2, rulesets_pb2


class RulesetCalls(Connection):
    """Publish rulesets and compare them."""

    def publish(
        self, locality: str, scheme: str, *, text: str = "", revision: str = "latest",
        overrides: Overrides | None = None, reason: str = "", retroactive: bool = False,
        expected_revision: str = "", validate_only: bool = False, codes: str | None = None,
        codes_file: str = "codes.yaml",
    ) -> ruleset_service_pb2.PublishRulesetResponse:  # fmt: skip
        """Put a ruleset into force: a text of its own, or a revision that the server knows.

        `codes` is the text of the host's code table; None keeps the one in force, '' drops it.
        """
        source = rulesets_pb2.RulesetSource(revision=revision)
        if text:
            source = rulesets_pb2.RulesetSource(files=ruleset_files(scheme, text))
        return self._call(
            self.ruleset_stub.PublishRuleset,
            ruleset_service_pb2.PublishRulesetRequest(
                locality=locality, scheme=scheme, ruleset=source,
                overrides=override_messages(overrides or {}), reason=reason, retroactive=retroactive,
                expected_revision=expected_revision, validate_only=validate_only,
                code_table=code_table(codes, codes_file),
            ),
        )  # fmt: skip

    def revisions(self, locality: str, scheme: str) -> Iterator[rulesets_pb2.PublishedRevision]:
        """Yield what was published in a locality, latest first: the first one is in force."""
        request = ruleset_service_pb2.ListRevisionsRequest(
            locality=locality, scheme=scheme, page_size=1000
        )
        yield from self._pages(self.ruleset_stub.ListRevisions, request, "revisions")

    def diff(
        self, scheme: str, before: rulesets_pb2.RulesetSource, after: rulesets_pb2.RulesetSource,
        locality: str = "",
    ) -> list[rulesets_pb2.RulesetChange]:  # fmt: skip
        """Return in words what differs between two rulesets, in a locality if one is given."""
        request = ruleset_service_pb2.DiffRulesetsRequest(
            scheme=scheme, before=before, after=after, locality=locality
        )
        return list(self._call(self.ruleset_stub.DiffRulesets, request).changes)

    def unknown_codes(
        self, locality: str, scheme: str = ""
    ) -> Iterator[ruleset_service_pb2.UnknownCode]:
        """Yield the host's codes that keep findings parked, of one scheme or of all."""
        request = ruleset_service_pb2.ListUnknownCodesRequest(
            locality=locality, scheme=scheme, page_size=1000
        )
        yield from self._pages(self.ruleset_stub.ListUnknownCodes, request, "codes")
