"""The name of exactly one state of a scheme: equal content, equal revision.

A revision is the digest of everything that a judgement depends on besides the events: the
ruleset's data, a locality's overrides and code table, the calendar data, and the code. It follows
the content, not the writing: comments, blank lines, quotes, the order of keys and 70 for 70.0
change nothing; any value, clause, title or date does.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from envrules.model.base import digest
from envrules.ruleset.codes import LoadedCodes
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.source import Data

# Numbers as JSON numbers, so that 70 and "70" differ; msgspec writes a Decimal digit by digit.
_encoder = msgspec.json.Encoder(order="sorted", decimal_format="number")


def revision_id(
    loaded: LoadedRuleset,
    *,
    overrides: Mapping[str, Mapping[str, str]] | None = None,
    calendar: str = "",
    versions: Mapping[str, str] | None = None,
    codes: LoadedCodes | None = None,
) -> str:
    """Return the revision of a ruleset as it is judged: 32 hexadecimal digits.

    `overrides` maps parameters to dates (or `always`) to values as text, as `Published` logs them;
    `calendar` names the data that working days come from, e.g. `chinesecalendar 1.11`; `versions`
    maps envrules itself and each plugin that takes part to its version; `codes` is the table of
    the host's codes, if there is one.
    """
    content: dict[str, Any] = {
        "ruleset": _exact(loaded.document.data),
        "overrides": {name: dict(values) for name, values in (overrides or {}).items() if values},
        "calendar": calendar,
        "versions": dict(versions or {}),
    }
    if codes is not None:
        content["codes"] = _exact(codes.document.data)
    return digest(_encoder.encode(content))


def same_content(one: Data, other: Data) -> bool:
    """Tell whether two pieces of data mean the same: 70 and 70.0 do, 1 and true do not."""
    return _encoder.encode(_exact(one)) == _encoder.encode(_exact(other))


def _exact(data: Data) -> Data:
    """Return the data with each number in its one shortest form."""
    match data:
        case dict():
            return {key: _exact(value) for key, value in data.items()}
        case tuple():
            return tuple(map(_exact, data))
        case Decimal():
            return data.normalize() + 0  # -0 is 0
    return data
