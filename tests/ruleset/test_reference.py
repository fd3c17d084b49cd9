"""docs/ruleset.md: its tables are the schema's, its examples are good, its decisions are made."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
from tests.ruleset.reference import MARKED, specs, with_tables

from envrules.cases import factory_for, load_cases, run_file
from envrules.kinds.common import Sourced
from envrules.kinds.consequences import SELF_PUBLISHING, Action, FactKind
from envrules.kinds.indicator_specs import IssueStateWord
from envrules.kinds.lifecycle import WORDS
from envrules.model.decisions import Content
from envrules.plugin_manager import load_plugins
from envrules.ruleset.check import check_text, read_text
from envrules.ruleset.compile import compile_ruleset
from envrules.ruleset.load import load_ruleset
from envrules.ruleset.schema import RulesetSpec, Unit

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "ruleset.md"
TEXT = PAGE.read_text(encoding="utf-8")
PARTS = dict(re.findall(r"^##+ (.+)\n((?:(?!##).*\n)*)", TEXT, re.MULTILINE))
"""Heading → what stands below it, up to the next one."""


def words_of(heading: str, column: int = 0) -> list[str]:
    """What a hand-written table names in a column."""
    rows = re.findall(r"^\| (`.+) \|$", PARTS[heading], re.MULTILINE)
    return [word for row in rows for word in re.findall(r"`(\w+)`", row.split(" | ")[column])]


def example() -> str:
    """The examples of the page as one ruleset: what they give of a section stands together."""
    sections: defaultdict[str, list[str]] = defaultdict(list)
    for block in re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL):
        for header, rest, body in re.findall(r"^(\w+:)(.*\n)((?:[ -].*\n)*)", block, re.MULTILINE):
            if not sections[header]:
                sections[header].append(f"{header}{rest}")
            sections[header].append(body)
    return "".join(text for parts in sections.values() for text in parts)


def test_tables_are_the_schema_s() -> None:
    """Fields, forms, defaults and meanings are as the schema has them.

    Where that has changed for good, run this test with ENVRULES_WRITE_DOCS=1 and read the
    difference.
    """
    made = with_tables(TEXT)
    if os.environ.get("ENVRULES_WRITE_DOCS"):
        PAGE.write_text(made, encoding="utf-8")
    assert made.splitlines() == TEXT.splitlines()


def test_every_section_has_its_table() -> None:
    """Whatever a ruleset may hold is told, once."""
    told = [mark[2] for mark in MARKED.finditer(TEXT)]
    assert sorted(told) == sorted([*specs(), Sourced.__name__])


def test_sections_are_in_the_order_of_the_schema() -> None:
    """Each section has its heading, with an example of it below; facts and actions come with theirs."""
    headings = [re.findall(r"`(\w+)`", heading) for heading in PARTS if heading.startswith("`")]
    named = [name for names in headings for name in names if name not in ("where", "then")]
    assert named == list(RulesetSpec.model_fields)
    for heading in PARTS:
        if heading.startswith("`") and heading not in ("`where`", "`then`"):
            for name in re.findall(r"`(\w+)`", heading):
                assert re.search(rf"^{name}:", PARTS[heading], re.MULTILINE), heading


def test_the_examples_are_a_good_ruleset() -> None:
    """Together they pass `check` without a word, and compile."""
    assert check_text(example(), "xikou.yaml") == []
    loaded = load_ruleset(example(), "xikou.yaml")
    assert loaded.spec.model_fields_set == RulesetSpec.model_fields.keys()
    assert compile_ruleset(loaded, "revision").slug == "xikou"


def test_words_that_the_page_explains() -> None:
    """Units, steps, states, actions and facts are those that there are."""
    assert sorted(words_of("Units")) == sorted(get_args(Unit))
    assert set(words_of("Time limits")) < set(get_args(Unit))
    assert sorted(words_of("Steps")) == sorted(WORDS)
    assert sorted(words_of("States of issues")) == sorted(get_args(IssueStateWord))
    assert sorted(words_of("Actions")) == sorted(get_args(Action))
    facts = PARTS["Facts"].partition("<!-- end -->")[2]
    assert {word for row in re.findall(r"^\| (`.*?) \|", facts, re.MULTILINE)
            for word in re.findall(r"`(\w+)`", row)} == set(get_args(FactKind))  # fmt: skip


def test_which_actions_wait_for_approval() -> None:
    """The table of actions says of each what the engine does."""
    rows = re.findall(r"^\| (`.+?) \|.*\| (yes|no) \|$", PARTS["Actions"], re.MULTILINE)
    waiting = {word: waits for row, waits in rows for word in re.findall(r"`(\w+)`", row)}
    assert {word for word, waits in waiting.items() if waits == "no"} == SELF_PUBLISHING


def test_every_link_leads_somewhere() -> None:
    """Links within the page have their headings, and files that it names are there."""
    anchors = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        file, _, anchor = target.partition("#")
        assert (PAGE.parent / file).exists(), target
        assert bool(file) or anchor in anchors, target


@dataclass(frozen=True)
class Row:
    """One kind of decision that the page tells."""

    rule: str
    about: str
    kind: str
    outcomes: frozenset[str]

    def tells(self, content: Content) -> bool:
        """Whether it is of this kind, with an outcome that the page knows."""
        rule = re.sub(r"<\w+>", "[^.]+", self.rule.replace(".", r"\."))
        about = content.slot.subject.partition(":")[0]
        return (
            re.fullmatch(rule, content.slot.rule) is not None
            and (self.about, self.kind) in ((about, content.kind), ("any", content.kind))
            and bool({content.outcome, "<own>"} & self.outcomes)
        )


def rows() -> Iterator[Row]:
    """Yield the rows of all tables of decisions."""
    for line in re.findall(
        r"^\| (`[\w.<>]+` \| (?:issue|unit|point|event|any) \| .*) \|$", TEXT, re.MULTILINE
    ):
        rule, about, _, kind, outcomes = line.split(" | ")
        named = re.findall(r"`([\w<>]+)`", outcomes)
        yield Row(
            rule.strip("`"), about, kind.strip("`"),
            frozenset("<own>" if name.startswith("<") else name for name in named),
        )  # fmt: skip


UNSEEN = {"appeals"}
"""What no worked case comes to: none of their appeals is filed too late."""


@pytest.fixture(scope="module")
def decided() -> list[Content]:
    """What the worked cases of all schemes decide."""
    plugins, contents = load_plugins(), []
    for path in sorted((CHECKOUT / "tests" / "cases").glob("*.yaml")):
        cases = load_cases(read_text(path), str(path))
        for result in run_file(cases, factory_for(cases, plugins)).results:
            contents += [decision.content for decision in result.emitted]
    return contents


def test_decisions_are_those_that_are_made(decided: list[Content]) -> None:
    """Every decision of the worked cases is one that the page tells, and the other way round."""
    told = list(rows())
    untold = {
        (c.slot.rule, c.slot.subject.partition(":")[0], c.kind, c.outcome)
        for c in decided
        if not any(row.tells(c) for row in told)
    }
    assert not untold
    unseen = {row.rule for row in told if not any(row.tells(c) for c in decided)}
    assert unseen == UNSEEN


def test_every_section_that_decides_says_so() -> None:
    """Below the heading of a section stand the decisions that begin with its name."""
    for heading, part in PARTS.items():
        for rule in re.findall(
            r"^\| `(\w+)[\w.<>]*` \| (?:issue|unit|point) \|", part, re.MULTILINE
        ):
            own = re.findall(r"`(\w+)`", heading) or ["intake", "exemption"]
            assert rule in own or (rule, own) == ("ranks", ["lists"]), heading
