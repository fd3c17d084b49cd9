"""Text as YAML scalars: plain where every reader takes it for text, in double quotes otherwise."""

from __future__ import annotations

import json
import re
from decimal import Decimal

from envrules.kinds.compiled import plain

# Begins with a letter or a Chinese character, and holds no sign that YAML or a flow list reads.
_PLAIN = re.compile(r"[^\W\d_][\w%（）《》、。；，：“”·.+/＜＞－-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def text_scalar(text: str) -> str:
    """Return a text as it stands in a ruleset, in a list or mapping of either style."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def scalar(value: bool | Decimal | str) -> str:
    """Return a value as it stands in a ruleset."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value) if isinstance(value, Decimal) else text_scalar(value)
