"""Publishing a ruleset: what it would change, whether that reaches into the past, then the act."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import grpc

from envrules.engine.state import Binding
from envrules.model.entries import Published, decode_entry
from envrules.model.values import ALWAYS
from envrules.ruleset.diff import Change, diff_rulesets
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
    by: str
    reason: str
    retroactive: bool
    expected: str
    """Revision that the caller believes to be in force; empty: not compared."""
    validate_only: bool


class Publisher:
    """Publishes rulesets, one at a time in a locality: each is compared with the one before."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._turns: dict[str, threading.Lock] = {}

    def publish(
        self, wanted: Publication, context: grpc.ServicerContext
    ) -> tuple[Published, int, Sequence[Change]]:
        """Publish, unless it is in force; return the publication, its log entry, what it changes.

        Raises:
            Refusal: ABORTED, another revision is in force than expected; FAILED_PRECONDITION,
                values dated before today change.
            UnknownLocality: there is none.
        """
        self._host.runtime.store.require_locality(wanted.locality)
        with self._turns.setdefault(wanted.locality, threading.Lock()):
            return self._publish(wanted, context)

    def _publish(
        self, wanted: Publication, context: grpc.ServicerContext
    ) -> tuple[Published, int, Sequence[Change]]:
        scheme = wanted.ruleset.scheme
        binding = self._in_force(wanted.locality, scheme.slug, context)
        if binding is not None and binding.revision == scheme.revision:
            return self._entry(wanted.locality, binding.seq), binding.seq, ()
        in_force = binding.revision if binding is not None else ""
        if wanted.expected and wanted.expected != in_force:
            raise Refusal(
                grpc.StatusCode.ABORTED, "REVISION_CHANGED",
                f"revision {in_force or '(none)'} is in force, not {wanted.expected}",
                revision=in_force,
            )  # fmt: skip
        changes = self._changes(binding, wanted.ruleset)
        if not wanted.retroactive:
            self._check_not_retroactive(changes, scheme.day(self._host.runtime.clock()))
        published = Published(
            scheme.slug, scheme.revision, _plain(wanted.ruleset.source.overrides), wanted.by,
            wanted.reason, self._host.runtime.clock(),
        )  # fmt: skip
        if wanted.validate_only:
            return published, 0, changes
        seq = self._append(wanted)
        self._host.wait_decided(context, wanted.locality, seq, _PATIENCE)
        return self._entry(wanted.locality, seq), seq, changes

    def _in_force(
        self, locality: str, scheme: str, context: grpc.ServicerContext
    ) -> Binding | None:
        """Return what is in force once all that is in the log now has been judged."""
        row, _, _ = self._host.runtime.locality(locality)
        self._host.wait_decided(context, locality, row.head_seq, _PATIENCE)
        return self._host.runtime.locality(locality)[2].bindings.get(scheme)

    def _entry(self, locality: str, seq: int) -> Published:
        row = self._host.runtime.store.log_rows(locality, (seq,))[seq]
        entry = decode_entry(row.payload)
        assert isinstance(entry, Published)
        return entry

    def _changes(self, binding: Binding | None, after: Ruleset) -> Sequence[Change]:
        if binding is None:
            return ()
        before = self._host.shelf.revision(binding.scheme, binding.revision)
        return diff_rulesets(before.loaded(), after.loaded())

    def _check_not_retroactive(self, changes: Sequence[Change], today: date) -> None:
        past = [change for change in changes if reaches_back(change, today)]
        if past:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION, "RETROACTIVE",
                f"it changes values dated before today: {past[0].path} since {past[0].since}"
                f"{f' and {len(past) - 1} more' if len(past) > 1 else ''}; date the new value "
                "from today on, or set retroactive and give a reason",
            )  # fmt: skip

    def _append(self, wanted: Publication) -> int:
        source = wanted.ruleset.source
        _, seq = self._host.runtime.publish(
            wanted.locality, wanted.ruleset.scheme.slug, wanted.by, text=source.text,
            file=source.file, overrides=source.overrides, reason=wanted.reason,
        )  # fmt: skip
        return seq


def reaches_back(change: Change, today: date) -> bool:
    """Return whether a dated value is changed for a day before `today`."""
    return change.since == ALWAYS or (change.since != "" and change.since < today.isoformat())


def _plain(overrides: Overrides) -> dict[str, dict[str, str]]:
    return {name: dict(values) for name, values in overrides.items()}
