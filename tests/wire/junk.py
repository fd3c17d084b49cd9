"""Strategies for what should never come in: arbitrary messages and arbitrary plain values."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from envrules.v1 import events_pb2
from envrules.wire.payloads import HEADER, PAYLOADS

FIELD_NAMES = sorted(
    {*HEADER.fields, "at", *PAYLOADS, *(name for s in PAYLOADS.values() for name in s.fields)}
)


def strings() -> SearchStrategy[str]:
    """Texts of every sort, among them numbers, times, words, blanks and what is far too long."""
    return st.one_of(
        st.text(st.characters(codec="utf-8"), max_size=20),
        st.sampled_from(
            ["", " ", "a ", "1.50", "-0", "1e5", "９", "NaN", "2026-07-03 10:00", "a#b", "\x00",
             "line\nbreak", "\u202eevil", "x" * 129, "x" * 1001, "x" * 4001, "长" * 128, "\ufeff"]
        ),
    )  # fmt: skip


def fields(descriptor: Descriptor) -> SearchStrategy[dict[str, Any]]:
    """Constructor arguments of a message of this type: any fields with any values."""
    kinds = {field.name: values(field) for field in descriptor.fields}
    return st.fixed_dictionaries({}, optional=kinds)


def values(field: FieldDescriptor) -> SearchStrategy[Any]:
    """Any value that protobuf itself admits for a field."""
    one = single(field)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        entry = field.message_type.fields_by_name
        return st.dictionaries(single(entry["key"]), single(entry["value"]), max_size=3)
    return st.lists(one, max_size=3) if field.is_repeated else one


def single(field: FieldDescriptor) -> SearchStrategy[Any]:
    """Any single value of a field's type."""
    if field.message_type is not None:
        return fields(field.message_type)
    if field.type == FieldDescriptor.TYPE_STRING:
        return strings()
    if field.type == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    if field.type == FieldDescriptor.TYPE_INT64:
        return st.integers(-(2**63), 2**63 - 1) | st.integers(0, 5_000_000_000)
    return st.integers(-(2**31), 2**31 - 1) | st.integers(0, 30)


def messages() -> SearchStrategy[events_pb2.Event]:
    """Any message that calls itself an event."""
    payloads = [field.name for field in events_pb2.Event.DESCRIPTOR.fields if field.number >= 10]
    drawn = st.tuples(fields(events_pb2.Event.DESCRIPTOR), st.sampled_from(payloads))
    return drawn.map(
        lambda pair: events_pb2.Event(
            # At most one payload: the constructor takes the last of a oneof.
            **{k: v for k, v in pair[0].items() if k not in payloads or k == pair[1]}
        )
    )


def plain_values() -> SearchStrategy[Any]:
    """Any value that a JSON or YAML parser may return, nested a little."""
    leaves = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.just(10**400),
        st.floats(),
        strings(),
        st.just("\ud800"),
        st.decimals(),
        st.just(Decimal("1E+500")),
        st.datetimes(timezones=st.sampled_from([None, UTC])),
        st.sampled_from([date(1, 1, 1), date(2026, 7, 3), date.max]),
        st.binary(max_size=3),
    )
    keys = st.one_of(st.sampled_from(FIELD_NAMES), strings(), st.integers(), st.just(10**400))
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )
