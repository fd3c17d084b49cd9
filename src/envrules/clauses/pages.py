"""The coverage pages: Markdown in Chinese, one page per scheme and an overview.

They hold no line numbers and no paths, so that they change only when what is judged changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from envrules.clauses.citations import Definition, Nature
from envrules.clauses.coverage import Coverage, Judged
from envrules.clauses.lists import Clause

OVERVIEW: Final = "README.md"
NAMED: Final = 3
"""How many cases a row names; the rest are counted."""

_NATURE: Final[dict[Nature, str]] = {"rule": "规则", "parameter": "参数", "term": "名目"}
_MADE = "<!-- 由 envrules coverage --write 生成，勿手改 -->"
_NO_RULESET = Judged("（规则集尚缺）", 0, 0, ())


def pages(coverage: Coverage) -> dict[str, str]:
    """Return the text of each page by its file name."""
    made = {OVERVIEW: "\n".join(_overview(coverage)) + "\n"}
    for slug in coverage.slugs():
        made[f"{slug}.md"] = "\n".join(_page(coverage, slug)) + "\n"
    return made


def _overview(coverage: Coverage) -> Iterator[str]:
    yield from (_MADE, "", "# 条款覆盖", "")
    yield "原文每一段都编了条款：由哪条规则、哪个参数判断，哪些案例证明，或者为什么机器不能判断。"
    yield "条款表是本目录的 `*.yaml`；本页由它、各规则集和案例生成，缺一条即不通过检查。"
    yield from ("", "## 文件", "")
    yield from _table("文件", "题名", "段数", "条款", "应判断", "不可判断", "说明")
    for one in coverage.lists:
        clauses = [clause for part in one.parts for clause in part.clauses]
        judged = sum(clause.judged for clause in clauses)
        yield _row(
            one.document, one.title, one.paragraphs, len(clauses), judged, len(clauses) - judged,
            one.note,
        )  # fmt: skip
    yield from ("", "## 方案", "")
    yield from _table("方案", "名称", "应判断条款", "已有依据", "引用条款的定义", "案例")
    for slug in coverage.slugs():
        scheme = coverage.schemes.get(slug, _NO_RULESET)
        cited = [
            bool(coverage.citing(one, part, clause))
            for one, part in coverage.parts(slug) for clause in part.clauses if clause.judged
        ]  # fmt: skip
        yield _row(
            f"[{slug}]({slug}.md)", scheme.title, len(cited), sum(cited),
            len({d.id for d in scheme.definitions}),
            scheme.cases,
        )  # fmt: skip
    if any(coverage.parts("")):
        yield from ("", "## 不属于任何方案")
        yield from _parts(coverage, "", "###")


def _page(coverage: Coverage, slug: str) -> Iterator[str]:
    title = coverage.schemes.get(slug, _NO_RULESET).title
    yield from (_MADE, "", f"# {slug}：{title}", "", f"[全部方案]({OVERVIEW})")
    yield from _parts(coverage, slug, "##")


def _parts(coverage: Coverage, slug: str, heading: str) -> Iterator[str]:
    for one, part in coverage.parts(slug):
        name = "·".join(word for word in (one.title, part.name) if word)
        yield from ("", f"{heading} 文件 {one.document} {name}", "")
        yield from _table("段", "条款", "内容", "性质", "依此而定的", "案例")
        for clause in part.clauses:
            yield from _rows(clause, coverage.citing(one, part, clause))


def _rows(clause: Clause, citing: Sequence[Definition]) -> Iterator[str]:
    """Yield a line for each definition that cites the clause, or the only line of one that has none."""
    says = clause.says + (f"（注：{clause.note}）" if clause.note else "")
    start = (clause.at, clause.label, says)
    if not clause.judged:
        yield _row(*start, "不可判断", clause.reason, "")
        return
    if not citing:
        yield _row(*start, "**尚缺**", "", "")
    for definition in {one.id: one for one in citing}.values():  # a row of several dates is one
        yield _row(*start, _NATURE[definition.nature], f"`{definition.id}`", _cases(definition))
        start = ("", "", "")


def _cases(definition: Definition) -> str:
    names: Sequence[str] = list(dict.fromkeys(definition.cases))
    if not names:
        return "**尚缺**"
    shown = "；".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown}；等 {len(names)} 例"


# ── Markdown ──


def _table(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield "|" + "---|" * len(titles)


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
