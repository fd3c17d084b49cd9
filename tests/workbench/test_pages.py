"""The workbench in a browser, as an operator uses it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from tests.workbench.conftest import Bench
from tests.workbench.town import SCHEME, TOWN

from envrules.store import DecisionFilter, Store


def _open(page: Page, bench: Bench) -> Locator:
    """Open the simulation; return the view of its answers, the first of which is there."""
    page.goto(f"{bench.base}/try")
    expect(page.locator("[data-field=warning_line]")).to_be_visible()
    view = page.locator(".wb-view[data-answer]")
    expect(view).to_be_visible()
    return view


def _drag(page: Page, field: str, start: float, end: float) -> None:
    """Drag a field's slider from one share of its length to another."""
    box = page.locator(f"[data-field={field}] .q-slider__track-container").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, middle, steps=8)
    page.mouse.up()


def _type(page: Page, label: str, text: str) -> None:
    page.get_by_label(label).fill(text)
    page.get_by_label(label).press("Tab")


def test_todo_names_all_that_waits(page: Page) -> None:
    """The first page has the approval, the limit of today, the appeal, the code and the gap."""
    expect(page.locator(".wb-item", has_text="整改不及时或不力")).to_have_count(2)
    panes = page.locator(".side .wb-pane")
    for pane, said in enumerate(("南村", "SS-1", "0199", "延期")):
        expect(panes.nth(pane)).to_contain_text(said)
        expect(panes.nth(pane).locator(".wb-num")).to_have_text("1")


def test_dragging_moves_units_at_once(page: Page, bench: Bench) -> None:
    """While a slider is dragged, headline, map and table follow; put back, nothing moves."""
    view = _open(page, bench)
    expect(view.locator(".wb-empty")).to_be_visible()
    expect(view.locator("svg.wb-map path")).to_have_count(10)
    _drag(page, "warning_line", 0.7, 0.8)
    expect(page.get_by_label("警告线（低于）（填写）")).to_have_value("80")
    expect(view.locator(".wb-head strong")).to_have_text("10 个单位中 4 个变动")
    expect(view.locator(".wb-movers tbody tr")).to_have_count(4)
    first = view.locator(".wb-movers tbody tr").first
    expect(first).to_contain_text("正常 → 警告")
    expect(first).to_contain_text("70 分 → 80 分")
    expect(view.locator("svg.wb-map .moves")).to_have_count(4)
    page.get_by_role("button", name="全部还原").click()
    expect(view.locator(".wb-head strong")).to_have_text("没有变动")


def test_what_is_moved_at_once_stays(page: Page, bench: Bench) -> None:
    """The history is read once: a slider moved as soon as it is there stays where it was let go."""
    view = _open(page, bench)
    page.wait_for_timeout(1000)  # in which nothing else may come
    expect(view).to_have_attribute("data-answer", "1")
    page.reload()
    _open(page, bench)
    _drag(page, "warning_line", 0.5, 0.62)
    expect(page.get_by_label("警告线（低于）（填写）")).to_have_value("62")
    expect(view).to_have_attribute("data-tried", "warning_line=62")
    expect(page.get_by_label("警告线（低于）（填写）")).to_have_value("62")


def test_keyboard_moves_a_slider(page: Page, bench: Bench) -> None:
    """A slider is reached with Tab and moved with the arrow keys."""
    _open(page, bench)
    slider = page.locator("[data-field=warning_line] .q-slider")
    for _ in range(10):
        page.keyboard.press("Tab")
        if slider.evaluate("it => it.contains(document.activeElement)"):
            break
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("警告线（低于）（填写）")).to_have_value("71")


def test_wrong_value_is_told_at_its_field(page: Page, bench: Bench) -> None:
    """What does not fit the unit is said in Chinese at the field, and cannot be saved."""
    _open(page, bench)
    _type(page, "警告线（低于）（填写）", "七十")
    field = page.locator("[data-field=warning_line]")
    expect(field.get_by_role("alert")).to_have_text("请填分数，最多两位小数，如 70 或 0.5")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("请先改正标红的地方")).to_be_visible()
    _type(page, "警告线（低于）（填写）", "75")
    expect(field.get_by_role("alert")).to_be_hidden()


def test_saves_one_value_and_publishes_it(page: Page, bench: Bench) -> None:
    """Saving changes one value of the file, comments kept; publishing the past needs a reason."""
    before = bench.ruleset.read_text(encoding="utf-8")
    _open(page, bench)
    _type(page, "警告线（低于）（填写）", "65")
    page.get_by_label(re.compile("生效日期")).fill("")
    page.get_by_role("button", name="发布").click()
    expect(page.get_by_text("请先保存再发布")).to_be_visible()
    page.get_by_role("button", name="保存").click()
    diff = page.locator(".wb-diff")
    expect(diff.locator(".minus")).to_contain_text("values: {always: 70}")
    expect(diff.locator(".plus")).to_contain_text("values: {always: 65}")
    page.get_by_role("button", name="写入文件").click()
    expect(page.get_by_text("尚未发布")).to_be_visible()
    assert bench.ruleset.read_text(encoding="utf-8") == before.replace(
        "ref: m 三2警告, values: {always: 70}", "ref: m 三2警告, values: {always: 65}"
    )
    page.get_by_role("button", name="发布").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("警告线（低于）：70 → 65")
    dialog.get_by_role("button", name="追溯发布").click()
    expect(dialog).to_contain_text("请写明原因")
    dialog.get_by_label("原因").fill("会议纪要第 3 号")
    dialog.get_by_role("button", name="追溯发布").click()
    expect(page.get_by_text("已发布")).to_be_visible()
    expect(page.locator("[data-field=warning_line]")).to_contain_text("现行 65 分")
    with Store.open(bench.database) as store:
        assert len([b for b in store.bindings(TOWN) if b.scheme == SCHEME]) == 2


def test_cell_of_a_table_is_tried_and_saved(page: Page, bench: Bench) -> None:
    """A cell stands beside its clause; typed in, units move; saved, its table begins anew that day."""
    before = bench.ruleset.read_text(encoding="utf-8")
    view = _open(page, bench)
    row = page.locator(".wb-field", has=page.locator("[data-field='monthly_rows.road.each']"))
    expect(row).to_contain_text("依据：环境整治管理办法范文·篇1 二(一)")
    _type(page, "主干公路两侧 每处扣", "0")
    expect(row.get_by_role("alert").first).to_have_text(
        "请填大于 0 的分数，最多两位小数，如 30 或 0.5"
    )
    _type(page, "主干公路两侧 每处扣", "31")
    expect(row.get_by_role("alert").first).to_contain_text("扣分行的分值不合理")
    _type(page, "主干公路两侧 每处扣", "0.5")
    expect(row.get_by_role("alert").first).to_be_hidden()
    expect(view.locator(".wb-head strong")).to_have_text("10 个单位中 10 个变动")
    page.get_by_label(re.compile("生效日期")).fill("2099-01-01")
    page.get_by_role("button", name="保存").click()
    diff = page.locator(".wb-diff")
    expect(diff.locator(".minus")).to_have_count(0)
    expect(diff.locator(".plus")).to_have_count(6)
    page.get_by_role("button", name="写入文件").click()
    expect(page.get_by_text("尚未发布")).to_be_visible()
    after = bench.ruleset.read_text(encoding="utf-8")
    assert [line for line in after.splitlines() if line not in before.splitlines()] == [
        "      2099-01-01:",
        next(line for line in before.splitlines() if "{id: road," in line).replace(
            "each: 1,", "each: 0.5,"
        ),
    ]


def test_approves_publishes_and_rejects(page: Page, bench: Bench) -> None:
    """One criticism is approved, then published; another is rejected, which needs a reason."""
    page.get_by_role("button", name=re.compile("^批准 新村")).click()
    approved = page.locator(".wb-item", has_text="已批准，待公布")
    approved.get_by_role("button", name=re.compile("^公布")).click()
    expect(page.locator(".wb-item")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^不予批准 老村")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="不予批准").click()
    expect(dialog).to_contain_text("请写明原因")
    dialog.get_by_label("原因").fill("情况不实")
    dialog.get_by_role("button", name="不予批准").click()
    expect(page.get_by_text("没有等待批准的决定")).to_be_visible()
    with Store.open(bench.database) as store:
        found = store.decisions(TOWN, 0, 10, DecisionFilter(kind="consequence"))
    assert [d.publication for d in found] == [
        "proposed", "proposed", "approved", "published", "revoked"
    ]  # fmt: skip


def test_fits_small_and_large_screens(page: Page, bench: Bench, tmp_path: Path) -> None:
    """Neither page scrolls as a whole at 1366×768 or 1920×1080: the buttons stay in sight."""
    for width, height in ((1366, 768), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        for path, there in (("/", ".wb-todo"), ("/try", ".wb-view[data-answer]")):
            page.goto(bench.base + path)
            expect(page.locator(there)).to_be_visible()
            page.screenshot(path=tmp_path / f"{width}{path.replace('/', '-')}.png")
            size = page.evaluate(
                "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
            )
            assert size == [width, height]
