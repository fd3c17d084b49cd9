"""`envrules report` and `statement --format`: files of each kind, letterheads, and what is refused."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pytest
from tests.cli.terminal import Cli, Ran
from tests.report.bulletin.month import PERIOD, PLACE
from tests.report.bulletin.page import Page
from tests.service.site import Site

from envrules.cli.app import run


@pytest.fixture
def ask(
    town: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Run a command against the town."""
    monkeypatch.setenv("ENVRULES_SERVER", town.address)

    def ran(*arguments: object) -> Ran:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Ran(code, printed.out, printed.err)

    return ran


def test_the_page_goes_to_the_terminal_or_into_a_file(ask: Cli, tmp_path: Path) -> None:
    """Without --out the page is printed; with it, the same page is in the file."""
    printed = ask("report", PLACE, PERIOD)
    assert printed.code == 0
    assert "云溪镇2026年7月村庄环境整治情况通报" in Page(printed.out).said
    file = tmp_path / "a.html"
    assert ask("report", PLACE, PERIOD, "--out", file).out == ""
    assert file.read_text(encoding="utf-8") == printed.out


def test_a_letterhead_by_file_and_by_options(ask: Cli, tmp_path: Path) -> None:
    """What the file says is on the page; an option wins over the file; a date is written out."""
    letter = tmp_path / "letter.yaml"
    letter.write_text(
        "发文单位: 云溪镇人民政府\n文号: 云政办〔2026〕7号\n抄送: [镇党委, 县城管局]\n日期: 2026-08-03\n",
        encoding="utf-8",
    )
    ran = ask("report", PLACE, PERIOD, "--letter", letter, "--number", "云政办〔2026〕8号",
              "--signed-by", "周某")  # fmt: skip
    said = set(Page(ran.out).said)
    assert {
        "云溪镇人民政府", "云政办〔2026〕8号", "签发人：周某", "2026年8月3日", "抄送：镇党委，县城管局。",
    } <= said  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), [
    ("文好: 1", "unknown field 文好"), ("- 文号", "no fields"), ("文号: {a: b}", "must be text"),
    ("文号: [", "no YAML"),
])  # fmt: skip
def test_a_letterhead_that_says_something_else(
    ask: Cli, tmp_path: Path, text: str, wanted: str
) -> None:
    """A misspelt field is refused, with the fields that there are; nothing is written."""
    letter = tmp_path / "letter.yaml"
    letter.write_text(text, encoding="utf-8")
    ran = ask("report", PLACE, PERIOD, "--letter", letter, "--out", tmp_path / "a.html")
    assert ran.code == 2
    assert wanted in ran.err
    assert not (tmp_path / "a.html").exists()


def test_documents_and_workbooks(ask: Cli, tmp_path: Path) -> None:
    """Both open, of a bulletin and of a statement."""
    for command in (("report", PLACE, PERIOD), ("statement", PLACE, "sun", PERIOD)):
        for form in ("docx", "xlsx"):
            assert ask(*command, "--format", form, "--out", tmp_path / f"a.{form}").code == 0
        assert docx.Document(io.BytesIO((tmp_path / "a.docx").read_bytes())).tables
        assert len(openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames) > 2


def test_a_statement_as_a_page(ask: Cli) -> None:
    """The statement has each finding, the scheme's own titles, and who issues it."""
    ran = ask("statement", PLACE, "sun", PERIOD, "--format", "html")
    said = set(Page(ran.out).said)
    assert {"孙庄村2026年7月考核对账单", "村庄环境整治：月度考核", "84.00", "逐条（4）"} <= said
    assert "逐条（4）" in ask("statement", PLACE, "sun", PERIOD).out, "text as before"


@pytest.mark.parametrize(("arguments", "wanted"), [
    (("report", PLACE, PERIOD, "--format", "docx"), "--out FILE.docx"),
    (("statement", PLACE, "sun", PERIOD, "--format", "xlsx"), "--out FILE.xlsx"),
    (("statement", PLACE, "sun", PERIOD, "--out", "a.html"), "--format html"),
    (("report", PLACE, PERIOD, "--scheme", "nosuch"), "nosuch"),
    (("report", PLACE, "July"), "2026-07"), (("report", "nowhere", PERIOD), "nowhere"),
])  # fmt: skip
def test_what_cannot_be_done_is_said(ask: Cli, arguments: tuple[str, ...], wanted: str) -> None:
    """Nothing on stdout, two lines at most on stderr."""
    ran = ask(*arguments)
    assert ran.code in (1, 2)
    assert ran.out == ""
    assert wanted in ran.err
    assert len(ran.err.splitlines()) <= 2


@pytest.mark.parametrize(("form", "package"), [("docx", "docx"), ("xlsx", "openpyxl")])
def test_without_the_extra(
    ask: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, package: str
) -> None:
    """It is said which extra to install, and no file is left behind."""
    monkeypatch.delitem(sys.modules, f"envrules.report.bulletin.{form}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    ran = ask("report", PLACE, PERIOD, "--format", form, "--out", tmp_path / "a")
    assert ran.code == 1
    assert "pip install 'envrules[reports]'" in ran.err
    assert not (tmp_path / "a").exists()
