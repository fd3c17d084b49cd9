"""A shape reads and writes the fields of one message, with a class of the model on the other side.

Reading protobuf is the hot path. Most fields are ids and most events are good, so a shape fetches
all its ids in one call and looks at them in one glance (`readers`); only if that does not settle the
matter does it look at each, to say what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from operator import attrgetter, itemgetter
from typing import Any

from google.protobuf.message import Message

from envrules.wire.field_types import FieldType, Name, expect, surely_names
from envrules.wire.limits import NAME_LIMIT
from envrules.wire.problems import FieldProblem, Invalid, field_problem, meant, shown
from envrules.wire.readers import written_reader

Values = dict[str, Any]
"""Values of the model by the proto's field names."""


class Shape(FieldType):
    """The fields of one message."""

    has_presence = True

    def __init__(
        self,
        model: Callable[..., Any],
        message: type[Message],
        fields: Mapping[str, FieldType],
        *,
        check: Callable[[Any], None] | None = None,
        spread: Callable[[Any], Values] | None = None,
        required: bool = False,
    ) -> None:
        """Describe `message`.

        Args:
            model: takes the values of `fields`, in their order.
            message: the protobuf class.
            fields: type of each field by its name in the proto.
            check: looks at fields together, in what `model` made; raises `Invalid`.
            spread: values of the fields of a model whose attributes are not named like them.
            required: whether this message must be given where it is a field.
        """
        self.model = model
        self.message = message
        self.fields = dict(fields)
        self.check = check
        self.spread = spread or (lambda value: {name: getattr(value, name) for name in fields})
        self.required = required
        names = [n for n, t in fields.items() if isinstance(t, Name) and t.limit == NAME_LIMIT]
        names.sort(key=lambda name: not fields[name].required)
        others = [(name, kind) for name, kind in fields.items() if name not in names]
        values = [(name, kind) for name, kind in others if not kind.has_presence]
        messages = [(name, kind) for name, kind in others if kind.has_presence]
        self._names = tuple(names)
        # With a single name attrgetter returns no tuple; asked for it twice it does.
        self._get_names = attrgetter(*names, names[0])
        self._needed_names = sum(fields[name].required for name in names)
        self._values = [(name, kind.read, kind.nothing, kind.required) for name, kind in values]
        self._messages = [(name, kind.read, kind.required) for name, kind in messages]
        row = [*names, "", *(name for name, _ in (*values, *messages))]
        self._in_order = itemgetter(*map(row.index, fields))
        self._quick = written_reader(model, self.fields, names, check, self.read_closely)

    def read(self, raw: Any) -> Any:
        return self._quick(raw)

    def read_closely(self, raw: Any) -> Any:
        """Do what `read` does, field by field: slower, and with everything that is wrong."""
        texts = self._get_names(raw)
        problems: list[FieldProblem] = []
        if "" in texts[: self._needed_names] or not surely_names(texts):
            self._look_closer(texts, problems)
        row = list(texts)
        for name, read, nothing, required in self._values:
            value = getattr(raw, name)
            if value:
                try:
                    row.append(read(value))
                except Invalid as error:
                    problems += error.under(name)
            elif required:
                problems.append(field_problem(name, "REQUIRED"))
            else:
                row.append(nothing())
        for name, read, required in self._messages:
            if raw.HasField(name):
                try:
                    row.append(read(getattr(raw, name)))
                except Invalid as error:
                    problems += error.under(name)
            elif required:
                problems.append(field_problem(name, "REQUIRED"))
            else:
                row.append(None)
        if problems:
            raise Invalid(problems)
        return self._checked(self.model(*self._in_order(row)))

    def _look_closer(self, texts: tuple[str, ...], problems: list[FieldProblem]) -> None:
        """Look at each id by itself."""
        for name, text in zip(self._names, texts, strict=False):
            if text:
                try:
                    self.fields[name].read(text)
                except Invalid as error:
                    problems += error.under(name)
            elif self.fields[name].required:
                problems.append(field_problem(name, "REQUIRED"))

    def _checked(self, value: Any) -> Any:
        """Return what `model` made, unless its fields do not go together."""
        if self.check is not None:
            self.check(value)
        return value

    def write(self, value: Any) -> Message:
        kinds = self.fields
        return self.message(
            **{
                name: kinds[name].write(part)
                for name, part in self.spread(value).items()
                if kinds[name].is_given(part)
            }
        )

    def parse(self, raw: Any, zone: tzinfo | None) -> Any:
        expect(Mapping, raw, "a mapping")
        problems = [unknown_field(key, self.fields) for key in raw if key not in self.fields]
        row: list[Any] = []
        for name, kind in self.fields.items():
            part = raw.get(name)
            if part is None or part == "" or part == []:
                if kind.required:
                    problems.append(field_problem(name, "REQUIRED"))
                row.append(kind.nothing())
                continue
            try:
                row.append(kind.parse(part, zone))
            except Invalid as error:
                problems += error.under(name)
        if problems:
            raise Invalid(problems)
        return self._checked(self.model(*row))

    def show(self, value: Any, zone: tzinfo) -> dict[str, Any]:
        kinds = self.fields
        return {
            name: kinds[name].show(part, zone)
            for name, part in self.spread(value).items()
            if kinds[name].is_given(part)
        }


def unknown_field(key: object, known: Iterable[str]) -> FieldProblem:
    """Return the problem of a key that no field has, with the one that was probably meant."""
    if not (isinstance(key, str) and len(key) <= NAME_LIMIT and key.isidentifier()):
        return field_problem(f"[{shown(key)}]", "UNKNOWN_FIELD", hint="")
    return field_problem(key, "UNKNOWN_FIELD", hint=meant(key, known))
