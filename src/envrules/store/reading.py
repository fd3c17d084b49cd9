"""Reading what was decided, and the revisions of rulesets, which are stored by content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select

from envrules.model.base import Instant
from envrules.store.database import chunks
from envrules.store.localities import Localities
from envrules.store.rows import (
    BindingRow,
    CloseRow,
    DecisionFilter,
    DecisionRow,
    RevisionRow,
    StoreError,
)
from envrules.store.tables import (
    GAPS,
    IS_A_GAP,
    IS_OF_A_PERIOD,
    IS_SLIP,
    IS_WAITING,
    WAITING,
    bindings,
    closes,
    decision_issues,
    decisions,
    revisions,
    rows_of,
    withdrawals,
)

_NO_FILTER = DecisionFilter()


class Reading(Localities):
    """The part of the store that lists decisions, closes, withdrawals, bindings, revisions."""

    def decisions(
        self,
        locality: str,
        after: int = 0,
        limit: int = 100,
        filters: DecisionFilter = _NO_FILTER,
        *,
        before: int | None = None,
    ) -> list[DecisionRow]:
        """Return up to `limit` decisions with a decision_seq greater than `after`, in order.

        The last one's decision_seq is the cursor for the next page: numbers are given in the
        order of commits, so no decision can appear behind a cursor later. With `before`, only
        those with a smaller decision_seq are returned, the newest first.
        """
        number, backwards = decisions.c.decision_seq, before is not None
        query = (
            rows_of(decisions)
            .where(*_numbers(filters, backwards=backwards), *_conditions(filters))
            .order_by(number.desc() if backwards else number)
            .limit(bindparam("limit"))
        )
        values = {"after": after, "limit": limit, **({"before": before} if backwards else {})}
        return self._decisions(locality, query, values)

    def emitted_by(self, locality: str, log_seq: int) -> int:
        """Return the decision_seq of the last decision that the log up to `log_seq` gave, or 0."""
        values = {"locality_no": self._number(locality)}
        with self._db.reading() as connection:
            low, high = 0, connection.execute(_LAST_DECISION, values).scalar_one() or 0
            while low < high:  # log_seq grows with decision_seq, which has no gaps
                middle = (low + high + 1) // 2
                found = connection.execute(_LOG_SEQ, {**values, "decision_seq": middle})
                if found.scalar_one() <= log_seq:
                    low = middle
                else:
                    high = middle - 1
        return low

    def decision(self, locality: str, id: str) -> DecisionRow | None:
        """Return the decision of this id, or None."""
        query = rows_of(decisions).where(decisions.c.id == bindparam("id"))
        return next(iter(self._decisions(locality, query, {"id": id})), None)

    def slot_history(self, locality: str, slot: str) -> list[DecisionRow]:
        """Return every version of the slot, the first one first."""
        return self.slot_histories(locality, (slot,))[slot]

    def slot_histories(self, locality: str, slots: Iterable[str]) -> dict[str, list[DecisionRow]]:
        """Return every version of each slot, the first one first."""
        found: dict[str, list[DecisionRow]] = {}
        for some in chunks(slots):
            found.update((slot, []) for slot in some)
            for row in self._decisions(locality, _HISTORIES, {"slots": some}):
                found[row.slot].append(row)
        return found

    def slip_slots(self, locality: str, scheme: str, begin: Instant, end: Instant) -> list[str]:
        """Return the slots of a scheme's slips that some version gives at `begin` or up to `end`."""
        values = {"locality_no": self._number(locality), "scheme": scheme,
                  "begin": begin, "end": end}  # fmt: skip
        with self._db.reading() as connection:
            return list(connection.execute(_SLIPS, values).scalars())

    def _decisions(
        self, locality: str, query: Select[Any], values: dict[str, Any]
    ) -> list[DecisionRow]:
        values["locality_no"] = self._number(locality)
        with self._db.reading() as connection:
            return [DecisionRow(*row) for row in connection.execute(query, values)]

    def closes(self, locality: str) -> list[CloseRow]:
        """Return the closed periods, in the order in which they were closed."""
        query = rows_of(closes).order_by(closes.c.seq)
        with self._db.reading() as connection:
            rows = connection.execute(query, {"locality_no": self._number(locality)})
            return [CloseRow(*row) for row in rows]

    def withdrawals(self, locality: str, event_ids: Iterable[str]) -> dict[str, int]:
        """Return which of these events are withdrawn, with the seq of the withdrawal."""
        number = self._number(locality)
        query = rows_of(withdrawals).where(
            withdrawals.c.target_event_id.in_(bindparam("ids", expanding=True))
        )
        found: dict[str, int] = {}
        with self._db.reading() as connection:
            for some in chunks(event_ids):
                rows = connection.execute(query, {"locality_no": number, "ids": some})
                found.update((row.target_event_id, row.seq) for row in rows)
        return found

    def bindings(self, locality: str) -> list[BindingRow]:
        """Return every published revision, in order of seq: a scheme's last one is in force."""
        query = rows_of(bindings).order_by(bindings.c.seq)
        with self._db.reading() as connection:
            rows = connection.execute(query, {"locality_no": self._number(locality)})
            return [BindingRow(*row) for row in rows]

    def put_revision(self, scheme: str, revision: str, payload: bytes, at: Instant) -> None:
        """Store a revision's sources; do nothing if they are stored.

        Raises:
            StoreError: other sources are stored as this revision.
        """
        new = {"scheme": scheme, "revision": revision, "created_at": at, "payload": payload}
        with self._db.writing() as connection:
            connection.execute(self._db.insert(revisions).on_conflict_do_nothing(), new)
            if connection.execute(_PAYLOAD, new).scalar_one() != payload:
                raise StoreError(f"revision {revision} of {scheme} has other content")

    def get_revision(self, scheme: str, revision: str) -> bytes | None:
        """Return the revision's sources as they were stored, or None."""
        with self._db.reading() as connection:
            found: bytes | None = connection.execute(
                _PAYLOAD, {"scheme": scheme, "revision": revision}
            ).scalar_one_or_none()
            return found

    def list_revisions(self, scheme: str | None = None) -> list[RevisionRow]:
        """Return the revisions of one scheme or of all, oldest first."""
        query = select(revisions.c.scheme, revisions.c.revision, revisions.c.created_at)
        if scheme is not None:
            query = query.where(revisions.c.scheme == scheme)
        order = (revisions.c.created_at, revisions.c.scheme, revisions.c.revision)
        with self._db.reading() as connection:
            return [RevisionRow(*row) for row in connection.execute(query.order_by(*order))]


_PAYLOAD = select(revisions.c.payload).where(
    revisions.c.scheme == bindparam("scheme"), revisions.c.revision == bindparam("revision")
)


_HISTORIES = (
    rows_of(decisions)
    .where(decisions.c.slot.in_(bindparam("slots", expanding=True)))
    .order_by(decisions.c.slot, decisions.c.version)
)
_SLIPS = (
    rows_of(decisions)
    .with_only_columns(decisions.c.slot)
    .distinct()
    .where(
        IS_SLIP, decisions.c.scheme == bindparam("scheme"),
        decisions.c.at >= bindparam("begin"), decisions.c.at < bindparam("end"),
    )
)  # fmt: skip
_LAST_DECISION = select(func.max(decisions.c.decision_seq)).where(
    decisions.c.locality_no == bindparam("locality_no")
)
_LOG_SEQ = select(decisions.c.log_seq).where(
    decisions.c.locality_no == bindparam("locality_no"),
    decisions.c.decision_seq == bindparam("decision_seq"),
)


def _numbers(filters: DecisionFilter, *, backwards: bool) -> list[ColumnElement[bool]]:
    """Return the bounds of `decision_seq`; of issues, as those of their own decisions.

    Bounds on both would let SQLite go through all decisions in order.
    """
    of_issues = filters.issue is not None
    number = (decision_issues if of_issues else decisions).c.decision_seq
    bounds = [number > bindparam("after")]
    if backwards:
        bounds.append(number < bindparam("before"))
    if filters.issue is None:
        return bounds
    table = decision_issues.c
    mine = select(number).where(
        table.locality_no == bindparam("locality_no"), table.issue.in_(_several(filters.issue)),
        *bounds,
    )  # fmt: skip
    return [decisions.c.decision_seq.in_(mine)]


def _conditions(filters: DecisionFilter) -> list[ColumnElement[bool]]:
    """Return the filter, but for `issue`, as conditions on `decisions`."""
    conditions = [
        _condition(field, _several(value))
        for field in DecisionFilter.__struct_fields__
        if field not in ("issue", "current_only") and (value := getattr(filters, field)) is not None
    ]
    if filters.current_only:
        later = decisions.alias()
        superseded = exists().where(
            later.c.locality_no == decisions.c.locality_no,
            later.c.slot == decisions.c.slot,
            later.c.version == decisions.c.version + 1,
        )
        conditions += [~superseded, decisions.c.change != "revoke"]
    return conditions


def _several(value: str | Sequence[str]) -> Sequence[str]:
    return (value,) if isinstance(value, str) else value


def _condition(field: str, values: Sequence[str]) -> ColumnElement[bool]:
    column = decisions.c[field]
    exact = column.in_(values)
    if field == "period" and all(values):
        return exact & IS_OF_A_PERIOD
    if field == "outcome" and set(values) <= set(GAPS):
        return exact & IS_A_GAP
    if field == "publication" and set(values) <= set(WAITING):
        return exact & IS_WAITING
    if field != "rule":
        return exact
    # What lies below `lists` sorts from `lists.` on and before `lists/`, the next character.
    return or_(exact, *(and_(column >= f"{v}.", column < f"{v}/") for v in values))
