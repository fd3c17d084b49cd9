"""The page: well formed, complete in itself, safe, and with every mark visible."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from tests.report.edition.told import REVISION, RULESETS, every_field, loaded, told

from envrules.report.edition import as_html, edition_of
from envrules.report.edition.phrases import MARKS
from envrules.report.markup import Html, css_string, el, together

VOID = {"meta"}


class Page(HTMLParser):
    """A page as it is parsed: its elements, ids and links, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & set(self.open):
            self.said.append(data)

    def values(self, name: str) -> list[str]:
        """Return the values of an attribute, wherever it stands."""
        return [value for _, attrs in self.tags if (value := attrs.get(name)) is not None]


@pytest.mark.parametrize("slug", RULESETS)
def test_the_page_is_well_formed_and_complete_in_itself(slug: str) -> None:
    """Elements close in order, ids are single, links lead to them, and nothing is fetched."""
    text = as_html(edition_of(loaded(RULESETS[slug]), REVISION))
    page = Page(text)
    assert not page.open
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in page.values("href")} <= set(ids)
    assert not page.values("src")
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert "://" not in text
    assert "url(" not in text
    assert "@import" not in text


def test_the_page_shows_every_mark() -> None:
    """Defaults of ours, contradictions and what is left to the kind carry a label in words."""
    page = Page(as_html(every_field()))
    classes = page.values("class")
    for mark, label in MARKS.items():
        assert f"tag {mark}" in classes
        assert label in page.said
    assert "entry contradiction" in classes


def test_the_page_can_be_signed() -> None:
    """It names the file and the revision that is signed, and leaves lines for the signature."""
    page = Page(as_html(every_field()))
    said = "".join(page.said)
    assert said.count(REVISION) == 2
    assert "every_field.yaml" in said
    assert ("dl", {"class": "signature"}) in page.tags
    assert "审核人" in page.said
    assert "签署日期" in page.said


HOSTILE = """\
ruleset: hostile
title: '</style><script>alert(1)</script>"\\'
timezone: Asia/Shanghai
sources: {m: {title: '<b>&', document: "1"}}
unit_types: {village: {title: '<img src=x onerror="alert(1)">', ref: 'm <i>一'}}
"""


def test_whatever_a_ruleset_says_stays_text() -> None:
    """Titles that look like markup or like the end of the style sheet appear as they are written."""
    text = as_html(told(HOSTILE))
    page = Page(text)
    assert not {"script", "b", "i", "img"} & {tag for tag, _ in page.tags}
    assert text.count("</style>") == 1
    said = "".join(page.said)
    assert '</style><script>alert(1)</script>"\\' in said
    assert '<img src=x onerror="alert(1)">' in said


def test_elements_escape_what_is_not_markup() -> None:
    """Text and attribute values are escaped, markup is kept, empty attributes are left out."""
    inner = el("b", "<&")
    made = el("p", inner, "a<b", class_="x", id="", title='"<')
    assert made == '<p class="x" title="&quot;&lt;"><b>&lt;&amp;</b>a&lt;b</p>'
    assert isinstance(together("<", Html("<br>")), Html)


def test_text_in_a_style_sheet_cannot_end_it() -> None:
    """Quotes, backslashes, angle brackets and line ends are written as escapes."""
    assert css_string('a"\\</x>\n') == '"a\\22 \\5c \\3c /x\\3e \\a "'
