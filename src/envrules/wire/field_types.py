"""How single values are read and written, in protobuf and in plain mappings (JSON, YAML).

`read` and `write` speak protobuf, `parse` and `show` speak plain values; all four have the value
of the model on their other side. `read` and `parse` raise `Invalid` with paths relative to the
value itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from envrules.model.base import Instant
from envrules.wire.limits import NAME_LIMIT, TEXT_LIMIT
from envrules.wire.problems import invalid, meant, shown
from envrules.wire.times import format_instant, from_plain, within_range

# Controls, line separators, lone surrogates, and what no eye can see in an id.
_NOT_IN_NAMES = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ud800-\udfff]"
)
_NOT_IN_TEXTS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,12})?", re.ASCII)
_COORDINATE = re.compile(r"-?\d{1,3}(?:\.\d{1,15})?", re.ASCII)
_ZERO = Decimal(0)


class FieldType:
    """A kind of field. This base is for values that both forms and the model write alike."""

    required = False
    has_presence = False
    """Whether protobuf tells unset from empty (a message, or an `optional` field)."""
    nothing: Callable[[], Any] = type(None)
    """Makes the model's value of a field that is not given."""
    zero_is_given = False
    """Whether a value that is zero or false differs from none."""

    def is_given(self, value: Any) -> bool:
        """Say whether the model's value is to be written."""
        return bool(value) or (self.zero_is_given and value is not None)

    def read(self, raw: Any) -> Any:
        """Return the model's value of a protobuf value that is not empty."""
        return raw

    def write(self, value: Any) -> Any:
        """Return what a protobuf constructor takes for the model's value."""
        return value

    def parse(self, raw: Any, zone: tzinfo | None) -> Any:  # noqa: ARG002 - for times below
        """Return the model's value of a plain value that is not None."""
        return self.read(raw)

    def show(self, value: Any, zone: tzinfo) -> Any:  # noqa: ARG002 - for times below
        """Return the plain form of the model's value."""
        return self.write(value)


def expect(kind: type, raw: Any, wanted: str, hint: str = "") -> None:
    """Raise `Invalid` unless `raw` is of `kind`."""
    if not isinstance(raw, kind):
        raise invalid("WRONG_TYPE", wanted=wanted, found=type(raw).__name__, hint=hint)


class Text(FieldType):
    """A text that may have several lines."""

    nothing = str

    def __init__(self, *, required: bool = False, limit: int = TEXT_LIMIT) -> None:
        self.required = required
        self.limit = limit

    forbidden = _NOT_IN_TEXTS

    def read(self, raw: str) -> str:
        if len(raw) > self.limit:
            raise invalid("TOO_LONG", length=len(raw), limit=self.limit)
        if bad := self.forbidden.search(raw):
            character = f"U+{ord(bad[0]):04X}"
            raise invalid("BAD_CHARACTER", character=character, position=bad.start() + 1)
        return raw

    def parse(self, raw: Any, zone: tzinfo | None) -> str:  # noqa: ARG002
        expect(str, raw, "text", "; write it in quotes" if isinstance(raw, (int, float)) else "")
        # YAML loaders have their own kinds of str.
        return self.read(str(raw))


class Name(Text):
    """An id, a code or a title: one line, no white space around it, nothing invisible in it."""

    forbidden = _NOT_IN_NAMES

    def __init__(self, *, required: bool = False, limit: int = NAME_LIMIT) -> None:
        super().__init__(required=required, limit=limit)

    def read(self, raw: str) -> str:
        super().read(raw)
        if raw != raw.strip():
            raise invalid("SPACE_AROUND", value=shown(raw))
        return raw


def surely_names(texts: Sequence[str], limit: int = NAME_LIMIT) -> bool:
    """Say in one look whether each is empty or a good name of any kind. False: look closer."""
    joined = "".join(texts)
    return (
        joined.isprintable()  # stricter than a Name, but for spaces
        and " " not in joined
        and "#" not in joined  # not allowed in some
        and (len(joined) <= limit or max(map(len, texts)) <= limit)
    )


def surely_texts(texts: Sequence[str]) -> bool:
    """Say in one look whether each is empty or a good text. False: look closer."""
    joined = "".join(texts)
    return joined.isprintable() and len(joined) <= TEXT_LIMIT


class EventName(Name):
    """The id of an event or of a finding within it; `<event>#<finding>` names the finding."""

    def read(self, raw: str) -> str:
        super().read(raw)
        if "#" in raw:
            raise invalid("BAD_CHARACTER", character="#", position=raw.index("#") + 1)
        return raw


class Number(FieldType):
    """A decimal as text, kept exactly and in one form: 1.50 becomes 1.5."""

    zero_is_given = True

    def __init__(
        self,
        *,
        required: bool = False,
        form: re.Pattern[str] = _NUMBER,
        bounds: tuple[int, int] | None = None,
    ) -> None:
        self.required = required
        self.bounds = bounds
        self._fits = form.fullmatch

    def read(self, raw: str) -> Decimal:
        if self._fits(raw) is None:
            raise invalid("BAD_NUMBER", value=shown(raw))
        value = Decimal(raw.rstrip("0") if "." in raw else raw) or _ZERO
        if self.bounds is not None:
            low, high = self.bounds
            if not low <= value <= high:
                raise invalid("OUT_OF_RANGE", value=raw, low=low, high=high)
        return value

    def write(self, value: Decimal) -> str:
        return decimal_text(value)

    def parse(self, raw: Any, zone: tzinfo | None) -> Decimal:  # noqa: ARG002
        if isinstance(raw, bool) or not isinstance(raw, (str, int, float, Decimal)):
            raise invalid("WRONG_TYPE", wanted="a number", found=type(raw).__name__, hint="")
        if isinstance(raw, float) and sum(map(str.isdigit, repr(raw))) > 15:
            # A float holds no more digits faithfully; this one may not be what was written.
            raise invalid("BAD_NUMBER", value=f"{raw!r} (so many digits need quotes)")
        if isinstance(raw, int) and raw.bit_length() > 64:
            raise invalid("BAD_NUMBER", value="an integer of more than 64 bits")
        return self.read(str(raw))


def decimal_text(value: Decimal | None) -> str:
    """Return a decimal as the proto writes it; empty for None."""
    return "" if value is None else format(value, "f")


def coordinate(limit: int) -> Number:
    """Return the type of degrees from -limit to limit."""
    return Number(form=_COORDINATE, bounds=(-limit, limit))


class Count(FieldType):
    """A whole number that is not negative."""

    nothing = int

    def __init__(self, high: int) -> None:
        self.high = high

    def read(self, raw: int) -> int:
        if not 0 <= raw <= self.high:
            raise invalid("OUT_OF_RANGE", value=shown(raw), low=0, high=self.high)
        return raw

    def parse(self, raw: Any, zone: tzinfo | None) -> int:  # noqa: ARG002
        if isinstance(raw, bool):
            raise invalid("WRONG_TYPE", wanted="a whole number", found="bool", hint="")
        expect(int, raw, "a whole number")
        if raw.bit_length() > 64:
            raise invalid("BAD_NUMBER", value="an integer of more than 64 bits")
        return self.read(int(raw))


class Flag(FieldType):
    """True or false."""

    nothing = bool

    def __init__(self, *, required: bool = False) -> None:
        self.required = required
        # A required flag is `optional` in the proto, so that false can be said.
        self.has_presence = self.zero_is_given = required

    def parse(self, raw: Any, zone: tzinfo | None) -> bool:  # noqa: ARG002
        expect(bool, raw, "true or false")
        return bool(raw)


class Time(FieldType):
    """An instant: google.protobuf.Timestamp, or text."""

    has_presence = zero_is_given = True

    def __init__(self, *, required: bool = False) -> None:
        self.required = required

    def read(self, raw: Timestamp) -> Instant:
        nanos = raw.nanos
        if nanos % 1000:
            raise invalid("SUB_MICROSECOND")
        if not 0 <= nanos < 1_000_000_000:
            raise invalid("BAD_TIME", value=f"nanos {nanos}", why="from 0 to 999999999")
        return within_range(raw.seconds * 1_000_000 + nanos // 1000)

    def write(self, value: Instant) -> Timestamp:
        return timestamp(value)

    def parse(self, raw: Any, zone: tzinfo | None) -> Instant:
        return from_plain(raw, zone)

    def show(self, value: Instant, zone: tzinfo) -> str:
        return format_instant(value, zone)


def timestamp(instant: Instant) -> Timestamp:
    """Return the message of an instant."""
    seconds, micros = divmod(instant, 1_000_000)
    return Timestamp(seconds=seconds, nanos=micros * 1000)


class Word(FieldType):
    """A value of a proto enum; the model and plain mappings write it as a word."""

    nothing = str

    def __init__(self, prefix: str, numbers: Mapping[str, int], *, required: bool = False) -> None:
        """`numbers` maps the enum's value names, which begin with `prefix`, to their numbers."""
        self.required = required
        self.numbers = {
            name.removeprefix(prefix).lower(): number for name, number in numbers.items() if number
        }
        self.words = {number: word for word, number in self.numbers.items()}

    def read(self, raw: int) -> str:
        word = self.words.get(raw)
        if word is None:
            raise invalid("UNKNOWN_VALUE", value=raw, hint="; is your copy of the proto newer?")
        return word

    def write(self, value: str) -> int:
        return self.numbers[value]

    def parse(self, raw: Any, zone: tzinfo | None) -> str:  # noqa: ARG002
        expect(str, raw, "a word")
        if raw not in self.numbers:
            hint = meant(raw, self.numbers) or f"; there are {', '.join(self.numbers)}"
            raise invalid("UNKNOWN_VALUE", value=shown(raw), hint=hint)
        return str(raw)

    def show(self, value: str, zone: tzinfo) -> str:  # noqa: ARG002
        return value
