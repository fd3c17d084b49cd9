"""The page in a browser, at two sizes and on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from envrules.report.bulletin import Document, as_html


def shown(browser: Browser, file: Path, width: int, height: int) -> tuple[Page, list[str]]:
    """Show a file; return the page and all that it asked for."""
    page = browser.new_page(viewport={"width": width, "height": height})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    return page, asked


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_on_a_screen(
    browser: Browser, document: Document, tmp_path: Path, width: int, height: int
) -> None:
    """Nothing else is fetched, nothing sticks out sideways, and links lead into the annex."""
    file = tmp_path / "a.html"
    file.write_text(as_html(document), encoding="utf-8")
    page, asked = shown(browser, file, width, height)
    assert asked == [file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("a.basis").first.click()
    assert page.locator("#basis-1").evaluate("e => e.matches(':target')")
    assert page.locator("svg").count() == 3
    page.close()


def test_on_paper(browser: Browser, document: Document, tmp_path: Path) -> None:
    """It prints on sheets of A4, and no table is cut off at the edge."""
    file = tmp_path / "a.html"
    file.write_text(as_html(document), encoding="utf-8")
    page, _ = shown(browser, file, 1366, 768)
    printed = page.pdf(prefer_css_page_size=True)
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert len(sizes) > 2
    assert {(round(float(w)), round(float(h))) for w, h in sizes} == {(595, 842)}
    page.emulate_media(media="print")
    page.set_viewport_size({"width": round(170 * 96 / 25.4), "height": 900})  # between margins
    across = page.evaluate("document.documentElement.scrollWidth")
    assert across <= round(170 * 96 / 25.4)
    page.close()
