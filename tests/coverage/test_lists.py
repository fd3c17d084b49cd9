"""Clause lists: every paragraph numbered, every mistake at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from envrules.clauses import load_clauses, load_lists
from envrules.errors import RulesetError

LIST = """\
document: "009"
title: 示例办法
paragraphs: 4
note: 数字有脱落
parts:
- clauses:
  - {at: 1-2, clause: 题, says: 标题, not_judgeable: 标题}
- part: 篇1
  scheme: mini
  clauses:
  - {at: 3, clause: 一, says: 一处扣 1 分}
  - {at: 3, clause: 一奖分, says: 奖分, note: 与一重叠}
  - {at: 4, clause: 二, says: 加强领导, not_judgeable: 口号}
"""


def refusal(text: str) -> list[str]:
    """Return what is refused, as `line: CODE message`."""
    with pytest.raises(RulesetError) as refused:
        load_clauses(text, "009.yaml")
    return [f"{p.line}: {p.code} {p.message}" for p in refused.value.problems]


def test_a_list_is_read_with_parts_and_reasons() -> None:
    """Parts keep their scheme, clauses their reason and note; what has no reason is judged."""
    one = load_clauses(LIST, "009.yaml")
    assert (one.document, one.paragraphs, one.note) == ("009", 4, "数字有脱落")
    assert [(part.name, part.scheme) for part in one.parts] == [("", ""), ("篇1", "mini")]
    clauses = {clause.label: clause for part in one.parts for clause in part.clauses}
    assert {label: clause.judged for label, clause in clauses.items()} == {
        "题": False, "一": True, "一奖分": True, "二": False,
    }  # fmt: skip
    assert (clauses["题"].at, clauses["二"].reason, clauses["一奖分"].note) == (
        "1-2", "口号", "与一重叠",
    )  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), [
    ("paragraphs: 4", "paragraphs: 7", "3: ER801 no clause stands in paragraph 5-7"),
    ("at: 1-2", "at: 2", "3: ER801 no clause stands in paragraph 1"),
    ("paragraphs: 4", "paragraphs: 3", "clauses stand in paragraph 4, which the document does not"),
    ("at: 1-2", "at: 2-1", "7: ER207 2-1 names no paragraphs"),
    ("at: 1-2", "at: 0", "7: ER207 0 names no paragraphs"),
    ("at: 1-2", "at: [1, 2]", "7: ER204 at must be text"),
    ("clause: 一奖分", "clause: 一", "12: ER501 the clause 一 is there twice"),
    ("clause: 一奖分", "clause: 一 奖分", "12: ER207 a clause cannot be called 一 奖分"),
    ("clause: 一奖分", "clause: 一、二", "12: ER207 a clause cannot be called 一、二"),
    ("says: 奖分", "say: 奖分", "12: ER202 a clause has no field 'say'"),
    ("says: 奖分, ", "", "12: ER203 a clause lacks says"),
    ("  scheme: mini\n", "", "8: ER203 clauses that can be judged need a scheme"),
    ("- part: 篇1\n  scheme", "- scheme", "8: ER501 the part without a name is there twice"),
    ("title: 示例办法\n", "", "1: ER203 a clause list lacks title"),
])  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, said: str) -> None:
    """One thing wrong gives its own problem, at its own line."""
    assert LIST.count(old) == 1
    assert any(said in line for line in refusal(LIST.replace(old, new)))


def test_a_folder_holds_one_list_for_a_document(tmp_path: Path) -> None:
    """Lists are read by file name; a second one for the same document is refused."""
    (tmp_path / "b.yaml").write_text(LIST.replace("009", "010"), encoding="utf-8")
    (tmp_path / "a.yaml").write_text(LIST, encoding="utf-8")
    (tmp_path / "README.md").write_text("-", encoding="utf-8")
    assert [one.document for one in load_lists(tmp_path)] == ["009", "010"]
    (tmp_path / "c.yaml").write_text(LIST, encoding="utf-8")
    with pytest.raises(RulesetError, match=r"ER501 .*a\.yaml lists 009 already"):
        load_lists(tmp_path)


def test_a_folder_without_lists_is_no_success(tmp_path: Path) -> None:
    """Nothing to cover is an error, and so is a folder that is not there."""
    with pytest.raises(RulesetError, match="ER903 the folder holds no clause list"):
        load_lists(tmp_path)
    with pytest.raises(RulesetError, match="ER901"):
        load_lists(tmp_path / "nowhere")
