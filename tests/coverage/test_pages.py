"""The coverage pages say what is judged, and do not grow old unseen."""

from __future__ import annotations

from pathlib import Path

from tests.coverage.conftest import Site

from envrules.clauses import pages
from envrules.clauses.committed import stale_pages, write_pages


def test_a_page_leads_from_clause_to_rule_to_case(site: Site) -> None:
    """Each row has paragraph, clause, summary, nature, definition and cases."""
    page = pages(site.cover())["mini.md"].splitlines()
    assert "# mini：示例考核" in page
    assert "| 2 | 一 | 一处扣 10 分 | 规则 | `tables.rows.road` | 四处扣 40 分，警告 |" in page
    assert sum("tables.rows.road" in line for line in page) == 1  # of two dates
    assert "|  |  |  | 名目 | `places.road` | 四处扣 40 分，警告 |" in page
    warning = "| 3 | 二警告 | 低于 70 分警告（注：原文两处不一） | 参数 | `parameters.line` | "
    assert f"{warning}四处扣 40 分，警告 |" in page
    assert "| 6 | 五 | 加强领导 | 不可判断 | 口号 |  |" in page


def test_the_overview_counts(site: Site) -> None:
    """Documents and schemes with how much of them is judged; what belongs to no scheme as well."""
    overview = pages(site.cover())["README.md"].splitlines()
    assert "| 009 | 示例办法 | 6 | 7 | 5 | 2 |  |" in overview
    assert "| [mini](mini.md) | 示例考核 | 5 | 5 | 13 | 2 |" in overview
    assert "| 1 | 题 | 标题 | 不可判断 | 标题 |  |" in overview


def test_what_is_missing_shows(site: Site) -> None:
    """A clause that nothing cites, a definition without a case, a scheme without a ruleset."""
    site.change("coverage/009.yaml", "says: 加强领导, not_judgeable: 口号", "says: 加强领导")
    site.change("worked/mini.yaml", "[{rule: ladders.slips.first}]", "[]")
    page = pages(site.cover())["mini.md"]
    assert "| 6 | 五 | 加强领导 | **尚缺** |  |  |" in page
    assert "`ladders.slips` | **尚缺** |" in page
    site.change("coverage/009.yaml", "scheme: mini", "scheme: mino")
    assert (
        "| [mino](mino.md) | （规则集尚缺） | 6 | 0 | 0 | 0 |" in pages(site.cover())["README.md"]
    )


def test_many_cases_are_counted(site: Site) -> None:
    """A row names three cases and counts the rest."""
    path = site.root / "worked" / "mini.yaml"
    text = path.read_text(encoding="utf-8")
    slip = text[text.index("- name: 逾期下发白单") :]
    more = "".join(slip.replace("逾期下发白单", f"逾期{n}") for n in range(3))
    path.write_text(text + more, encoding="utf-8")
    page = pages(site.cover())["mini.md"]
    assert "| `ladders.slips.first` | 逾期下发白单；逾期0；逾期1；等 4 例 |" in page


def test_pages_are_the_same_wherever_they_are_made(site: Site, tmp_path: Path) -> None:
    """They name no folder of the machine."""
    assert all(str(tmp_path) not in text for text in pages(site.cover()).values())


def test_stale_pages_are_told(site: Site) -> None:
    """A page that is missing, changed or left over is a problem until it is written again."""
    made = pages(site.cover())
    told = stale_pages(site.folder, made)
    assert [Path(p.file).name for p in told] == ["README.md", "mini.md"]
    write_pages(site.folder, made)
    assert stale_pages(site.folder, made) == []
    site.change("coverage/mini.md", "# mini：示例考核", "# mini：旧名")
    (site.folder / "gone.md").write_text("-", encoding="utf-8")
    told = stale_pages(site.folder, made)
    assert [(Path(p.file).name, p.line, p.code) for p in told] == [
        ("mini.md", 3, "ER807"), ("gone.md", 1, "ER807"),
    ]  # fmt: skip
    write_pages(site.folder, made)
    assert stale_pages(site.folder, made) == []
    assert not (site.folder / "gone.md").exists()


def test_a_page_that_ends_too_soon_is_stale(site: Site) -> None:
    """What is cut off at the end is found at the line after."""
    made = pages(site.cover())
    write_pages(site.folder, made)
    lines = made["mini.md"].splitlines(keepends=True)
    (site.folder / "mini.md").write_text("".join(lines[:-1]), encoding="utf-8")
    (told,) = stale_pages(site.folder, made)
    assert told.line == len(lines)
