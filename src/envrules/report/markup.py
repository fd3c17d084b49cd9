"""HTML by small functions. Text is escaped unless it is `Html`, which only these functions make."""

from __future__ import annotations

import html
import re


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def el(name: str, /, *content: str, **attributes: str) -> Html:
    """Return an element; `class_` is the attribute class, attributes without a value are left out.

    Content that is not `Html` is escaped.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for key, value in attributes.items()
        if value
    )
    return Html(f"<{name}{given}>{together(*content)}</{name}>")


def together(*content: str) -> Html:
    """Return several pieces as one, escaped where they are not markup."""
    return Html(
        "".join(
            part if isinstance(part, Html) else html.escape(part, quote=False) for part in content
        )
    )


def css_string(text: str) -> str:
    """Return text as a quoted CSS string that can end neither the string nor the style element."""
    return '"' + re.sub(r'["\\<>\s]', lambda sign: f"\\{ord(sign[0]):x} ", text) + '"'
