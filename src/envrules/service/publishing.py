"""Publishing a ruleset: what it would change, whether that reaches into the past, then the act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import grpc

from envrules.engine.kept import Binding
from envrules.model import entries
from envrules.model.values import ALWAYS
from envrules.ruleset.diff import Change
from envrules.ruleset.overrides import Overrides
from envrules.service.host import Host
from envrules.service.shelf import Ruleset
from envrules.service.status import Refusal

_PATIENCE = 10.0


@dataclass(frozen=True)
class Publication:
    """What a caller wants to be published."""

    locality: str
    ruleset: Ruleset
    keeps_codes: bool
    """The locality keeps the code table in force, whatever table the ruleset comes with."""
    by: str
    reason: str
    retroactive: bool
    expected: str
    """Revision that the caller believes to be in force; empty: not compared."""
    validate_only: bool


@dataclass(frozen=True)
class Outcome:
    """What was published, or would be."""

    entry: entries.Published
    seq: int
    """Its log entry; 0 if it was only tried."""
    ruleset: Ruleset
    changes: Sequence[Change]
    """What it changes."""


class Publisher:
    """Publishes rulesets, one at a time in a locality: each is compared with the one before."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def publish(self, wanted: Publication, context: grpc.ServicerContext | None = None) -> Outcome:
        """Publish, unless it is in force. Without a `context` it is the server that does.

        Raises:
            Refusal: ABORTED, another revision is in force than expected; FAILED_PRECONDITION,
                values dated before today change.
            UnknownLocality: there is none.
        """
        self._host.runtime.store.require_locality(wanted.locality)
        with self._host.turns[wanted.locality]:
            return self._publish(wanted, context)

    def _publish(self, wanted: Publication, context: grpc.ServicerContext | None) -> Outcome:
        binding = self._in_force(wanted.locality, wanted.ruleset.scheme.slug, context)
        ruleset = self._with_codes(wanted, binding)
        scheme = ruleset.scheme
        if binding is not None and binding.revision == scheme.revision:
            entry = self._entry(wanted.locality, binding.seq)
            return Outcome(entry, binding.seq, ruleset, ())
        in_force = binding.revision if binding is not None else ""
        if wanted.expected and wanted.expected != in_force:
            raise Refusal(
                grpc.StatusCode.ABORTED, "REVISION_CHANGED",
                f"revision {in_force or '(none)'} is in force, not {wanted.expected}",
                revision=in_force,
            )  # fmt: skip
        changes = self._changes(binding, ruleset)
        if not wanted.retroactive:
            self._check_not_retroactive(changes, scheme.day(self._host.runtime.clock()))
        entry = entries.Published(
            scheme.slug, scheme.revision, _plain(ruleset.source.overrides), wanted.by,
            wanted.reason, self._host.runtime.clock(),
        )  # fmt: skip
        if wanted.validate_only:
            return Outcome(entry, 0, ruleset, changes)
        seq = self._append(wanted, ruleset)
        self._host.wait_decided(context, wanted.locality, seq, _PATIENCE)
        return Outcome(self._entry(wanted.locality, seq), seq, ruleset, changes)

    def _in_force(
        self, locality: str, scheme: str, context: grpc.ServicerContext | None
    ) -> Binding | None:
        """Return what is in force once all that is in the log now has been judged."""
        row, _, _ = self._host.runtime.locality(locality)
        self._host.wait_decided(context, locality, row.head_seq, _PATIENCE)
        return self._host.runtime.locality(locality)[2].bindings.get(scheme)

    def _with_codes(self, wanted: Publication, binding: Binding | None) -> Ruleset:
        if not wanted.keeps_codes:
            return wanted.ruleset
        shelf, codes = self._host.shelf, None
        if binding is not None:
            codes = shelf.revision(binding.scheme, binding.revision).source.codes
        return shelf.with_codes(wanted.ruleset, codes)

    def _entry(self, locality: str, seq: int) -> entries.Published:
        row = self._host.runtime.store.log_rows(locality, (seq,))[seq]
        entry = entries.decode_entry(row.payload)
        assert isinstance(entry, entries.Published)
        return entry

    def _changes(self, binding: Binding | None, after: Ruleset) -> Sequence[Change]:
        if binding is None:
            return ()
        return after.changes(self._host.shelf.revision(binding.scheme, binding.revision))

    def _check_not_retroactive(self, changes: Sequence[Change], today: date) -> None:
        past = [change for change in changes if reaches_back(change, today)]
        if past:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION, "RETROACTIVE",
                f"it changes values dated before today: {past[0].path} since {past[0].since}"
                f"{f' and {len(past) - 1} more' if len(past) > 1 else ''}; date the new value "
                "from today on, or set retroactive and give a reason",
            )  # fmt: skip

    def _append(self, wanted: Publication, ruleset: Ruleset) -> int:
        source = ruleset.source
        _, seq = self._host.runtime.publish(
            wanted.locality, ruleset.scheme.slug, wanted.by, text=source.text, file=source.file,
            overrides=source.overrides, codes=source.codes, reason=wanted.reason,
        )  # fmt: skip
        return seq


def reaches_back(change: Change, today: date) -> bool:
    """Return whether a dated value is changed for a day before `today`."""
    return change.since == ALWAYS or (change.since != "" and change.since < today.isoformat())


def _plain(overrides: Overrides) -> dict[str, dict[str, str]]:
    return {name: dict(values) for name, values in overrides.items()}
