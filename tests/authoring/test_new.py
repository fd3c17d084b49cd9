"""`envrules new`: what it writes works and teaches; what it cannot write it refuses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from tests.ruleset.schema_validator import Validator

from envrules.cases import factory_for, load_cases, run_file
from envrules.cli.app import run
from envrules.plugin_manager import load_plugins
from envrules.ruleset.check import check_file, read_text
from envrules.ruleset.json_schema import FILE_NAME, ruleset_schema
from envrules.ruleset.load import load_ruleset
from envrules.ruleset.schema import RulesetSpec
from envrules.scaffold import SAMPLE_SLUG, SAMPLE_TITLE, TEMPLATE, package_files

SLUG = "cloud_brook"
RULES = f"src/envrules_{SLUG}/{SLUG}.yaml"
SAMPLE = TEMPLATE / "src" / f"envrules_{SAMPLE_SLUG}" / f"{SAMPLE_SLUG}.yaml"


def new(*arguments: object) -> int:
    """Run `envrules new`; return its exit code."""
    return run(["new", *map(str, arguments)])


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A new package."""
    assert new(SLUG, "--dir", tmp_path, "--title", "云溪街道") == 0
    return tmp_path / SLUG


def test_check_is_silent(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The ruleset has no problem, not even a warning."""
    capsys.readouterr()
    assert run(["check", str(package / "src" / f"envrules_{SLUG}")]) == 0
    assert capsys.readouterr().out == ""


def test_all_cases_pass_and_touch_everything(package: Path) -> None:
    """The worked cases hold, and nothing in the ruleset is without one, before it is installed."""
    file = package / "cases" / f"{SLUG}.yaml"
    cases = load_cases(read_text(file), str(file))
    result = run_file(cases, factory_for(cases, load_plugins()))
    assert result.passed
    assert not result.untested
    assert len(result.results) > 10


def test_the_cases_notice_what_is_changed(package: Path) -> None:
    """No change of the ruleset is missed by the worked cases, in a sample of all changes."""
    assert run(["mutate", str(package / "cases"), "--sample", "30", "--least", "100"]) == 0


def test_the_template_itself_works() -> None:
    """What is copied is a good ruleset under its own name."""
    assert check_file(SAMPLE) == []


def test_a_copy_differs_in_name_only(package: Path) -> None:
    """Nothing is left of the sample's name; every file of the template is there, and the schema."""
    files = [path for path in sorted(package.rglob("*")) if path.is_file()]
    template = {
        path.relative_to(TEMPLATE).as_posix().replace(SAMPLE_SLUG, SLUG)
        for path in TEMPLATE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {path.relative_to(package).as_posix() for path in files} == template | {FILE_NAME}
    for path in files:
        text = path.read_text(encoding="utf-8")
        for name in (SAMPLE_SLUG, SAMPLE_SLUG.replace("_", "-"), SAMPLE_TITLE):
            assert name not in text, path
    assert "云溪街道" in (package / "README.md").read_text(encoding="utf-8")


def test_it_is_a_plugin(package: Path) -> None:
    """The package is called after the scheme, and names its plugin in the group of schemes."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "envrules-cloud-brook"
    assert project["entry-points"]["envrules.schemes"] == {SLUG: f"envrules_{SLUG}.plugin"}


def test_editors_find_the_schema(package: Path) -> None:
    """The first line of the ruleset leads to the schema in the package, which has no fault with it."""
    rules = package / RULES
    loaded = load_ruleset(rules.read_text(encoding="utf-8"), rules.name)
    pointer = re.match(r"# yaml-language-server: \$schema=(\S+)\n", loaded.text)
    assert pointer is not None
    assert (rules.parent / pointer[1]).resolve() == package / FILE_NAME
    assert list(Validator(ruleset_schema()).faults(loaded.data)) == []


def test_the_sample_teaches_every_section_that_it_has() -> None:
    """Above each section stands a comment, in Chinese, that says what it is for."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    sections = [i for i, line in enumerate(lines) if re.match(r"[a-z_]+:( *$| \{)", line)]
    assert len(sections) > 10
    explained = ""
    for i in sections:
        above = lines[i - 1]
        # Short word lists stand together under one comment.
        assert above.startswith(("#", "  ")), lines[i]
        explained = above if above.startswith("#") else explained
        assert re.search(r"[\u4e00-\u9fff]", explained), lines[i]


def test_the_sample_names_the_sections_that_it_does_without() -> None:
    """Whatever else a ruleset may have is mentioned at its end, so that an author knows of it."""
    used = set(load_ruleset(SAMPLE.read_text(encoding="utf-8"), SAMPLE.name).data)
    comments = re.findall(r"^#.*", SAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    named = set(re.findall(r"\b[a-z]{2}[a-z_]+\b", "\n".join(comments)))
    assert RulesetSpec.model_fields.keys() - used <= named


def test_every_number_of_the_sample_says_where_it_is_from() -> None:
    """Parameters are of both kinds: with a clause, and with a reason for having none."""
    spec = load_ruleset(SAMPLE.read_text(encoding="utf-8"), SAMPLE.name).spec
    assert {parameter.ref is None for parameter in spec.parameters.values()} == {True, False}


def test_nothing_is_overwritten(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where something is already, the command fails and changes nothing."""
    before = {path: path.read_bytes() for path in package.rglob("*") if path.is_file()}
    assert new(SLUG, "--dir", package.parent) == 2
    assert "exists already" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in package.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("slug", ["Town", "1town", "my-town", "my__town", "town_", "镇", "a" * 65])
def test_a_slug_that_cannot_be_used(
    slug: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slug is a key of rulesets, and becomes the name of a package."""
    assert new(slug, "--dir", tmp_path) == 2
    assert "is no slug" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_scheme_that_exists_is_not_begun_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two plugins of one name could not both be installed."""
    known = next(iter(load_plugins().schemes))
    assert new(known, "--dir", tmp_path) == 1
    assert "already" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("title", ['说"好"', "a\\b", "两\n行", "零\u200b宽", "长" * 61])
def test_a_title_that_cannot_be_used(
    title: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A title stands in quotes in several kinds of file."""
    assert new(SLUG, "--dir", tmp_path, "--title", title) == 2
    assert "cannot be used" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("title", ["2026", "true", "甲: 乙 # 丙", "- {x}, [y] & *z", "'单引号'"])
def test_any_other_title_is_only_text(title: str) -> None:
    """Whatever a title looks like, the ruleset and the project read it as it is."""
    files = package_files(SLUG, title)
    assert load_ruleset(files[RULES], f"{SLUG}.yaml").spec.title == title
    project = tomllib.loads(files["pyproject.toml"])["project"]
    assert project["description"].startswith(title)
    compile(files[f"src/envrules_{SLUG}/__init__.py"], "__init__.py", "exec")
