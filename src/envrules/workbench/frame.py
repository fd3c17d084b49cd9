"""What every page has: style, navigation, and how an act that failed is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

from nicegui import ui

from envrules.errors import RulesetError
from envrules.ruleset.edit import CannotEdit
from envrules.runtime.errors import RuntimeRefusal
from envrules.workbench.desk import Desk
from envrules.workbench.revising import Clash

_STYLE = Path(__file__).with_name("workbench.css").read_text(encoding="utf-8")
PAGES = (("/", "今日待办"), ("/try", "模拟"))
_REFUSED = {
    "SUBMITTER_MAY_NOT_APPROVE": "提交材料的人不能批准由此作出的决定，请换一个身份（--as）",
    "SUPERSEDED": "该决定已有新版本，请看刷新后的列表",
    "DECISION_NOT_FOUND": "找不到该决定，请刷新",
}
_MEANS = {
    "ER402": "数值不合单位", "ER407": "当日没有生效的值", "ER503": "扣分行的分值不合理",
    "ER504": "等次之间有空档或重叠", "ER505": "等次的高低顺序颠倒", "ER507": "各级单据的时限前后不接",
    "ER510": "各部分相加不等于一", "ER511": "数值彼此不相容", "ER405": "作息时间不合理",
}  # fmt: skip


def begin(desk: Desk, path: str) -> None:
    """Put style and navigation on a page."""
    ui.add_css(_STYLE)
    ui.colors(primary="#0f766e")
    links = "".join(
        f'<a href="{target}"{" aria-current=page" if target == path else ""}>{title}</a>'
        for target, title in PAGES
    )
    ui.html(
        f'<span class="brand">envrules 工作台</span><nav aria-label="页面">{links}</nav>'
        f'<span class="spacer"></span><span class="who">以 {escape(desk.by)} 的名义办理</span>',
        sanitize=False, tag="header",
    ).classes("wb-top")  # fmt: skip


@contextmanager
def told() -> Iterator[None]:
    """Tell whoever clicked why it could not be done."""
    try:
        yield
    except (RuntimeRefusal, RulesetError, CannotEdit, Clash, ValueError, OSError) as error:
        ui.notify(in_words(error), type="negative", multi_line=True, timeout=8000)


def in_words(error: Exception) -> str:
    """Return in Chinese why something could not be done; what only developers read stays English."""
    match error:
        case RuntimeRefusal():
            return _REFUSED.get(error.reason, f"现在不能这样办理：{error}")
        case RulesetError():
            first = error.problems[0]
            where = f"{first.file}:{first.line}"
            return f"{_MEANS.get(first.code, '规则文件有误')}（{first.code}，{where}）：{first.message}"
        case CannotEdit():
            return f"{'.'.join(map(str, error.path))} 在文件中的写法不便改动，请直接编辑规则文件"
        case Clash():
            return f"{error} 在别处改过了，未写入；请重新载入本页再改"
        case OSError():
            return f"不能写入 {error.filename or '文件'}：{error.strerror or error}"
        case _:
            return str(error)
