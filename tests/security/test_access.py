"""docs/access.md: which call needs which role where, found out by making every one of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.security.conftest import ABSENT, OTHER, OWN, ROLES, Guarded, guarded_site
from tests.security.door import METHODS, Answer, call
from tests.security.requests import REQUESTS

from envrules.service.principal import ROLES as NEEDED

PAGE = Path(__file__).parents[2] / "docs" / "access.md"
DOOR = {
    ("UNAUTHENTICATED", "TOKEN_MISSING"): "?", ("PERMISSION_DENIED", "ROLE_MISSING"): "–",
    ("PERMISSION_DENIED", "NOT_EVERYWHERE"): "–", ("NOT_FOUND", "LOCALITY_NOT_FOUND"): "∅",
}  # fmt: skip
"""How those are answered who may not come in. Whatever else is answered is about the request."""
NOWHERE = frozenset({
    "RulesetService/ListRulesets", "RulesetService/ValidateRuleset",
    "LocalityService/ListLocalities", "EvaluationService/Evaluate",
})  # fmt: skip
"""Calls that are about no locality."""
EVERYBODY = "all, everywhere"
ALL_HERE = "all, in one locality"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One guarded site for all calls."""
    guarded = guarded_site(tmp_path_factory.mktemp("door"))
    yield guarded
    guarded.channel.close()
    guarded.site.stop(grace=0)


Answers = dict[tuple[str, str, str], Answer]
"""By call, who makes it, and the locality that it is about."""


@pytest.fixture(scope="module")
def answers(door: Guarded) -> Answers:
    """What every call answers to the holder of each role, bound to one locality."""
    tokens = {"none": ""} | {role: door.grant(role) for role in ROLES}
    tokens[ALL_HERE] = door.grant(*ROLES)
    found = {
        (name, who, where): call(door.channel, name, REQUESTS[name](where), token)
        for who, token in tokens.items()
        for name in METHODS
        for where in (OWN, OTHER, ABSENT)
    }
    for name in METHODS:
        for where in (OWN, OTHER):
            found[name, EVERYBODY, where] = call(
                door.channel, name, REQUESTS[name](where), door.root
            )
    return found


def mark(answer: Answer) -> str:
    """How an answer is marked in the matrix."""
    return DOOR.get((answer.code, answer.reason), "✓")


def test_every_call_is_made() -> None:
    """A new call needs a request here and a role, or it is refused to everybody."""
    assert REQUESTS.keys() == METHODS.keys() == NEEDED.keys()


def test_the_matrix(answers: Answers) -> None:
    """docs/access.md shows what was answered.

    Where that has changed for good, run this test with ENVRULES_WRITE_DOCS=1 and read the
    difference.
    """
    who = ["none", *ROLES, EVERYBODY]
    rows = [f"| call | {' | '.join(who)} |", f"|---|{'---|' * len(who)}"]
    for name in METHODS:
        places = (OWN,) if name in NOWHERE else (OWN, OTHER)
        cells = (" ".join(mark(answers[name, one, where]) for where in places) for one in who)
        rows.append(f"| `{name}` | {' | '.join(cells)} |")
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition("<!-- matrix -->\n")
    after = rest.partition("<!-- end -->")[2]
    table = "\n".join(rows)
    made = f"{before}<!-- matrix -->\n{table}\n<!-- end -->{after}"
    if os.environ.get("ENVRULES_WRITE_DOCS"):
        PAGE.write_text(made, encoding="utf-8")
    assert made.splitlines() == text.splitlines()


@pytest.mark.parametrize("name", METHODS)
def test_roles_are_those_of_the_table(answers: Answers, name: str) -> None:
    """Only the role that the table names lets one in, and there it does."""
    in_ = {role for role in ROLES if mark(answers[name, role, OWN]) == "✓"}
    everywhere_only = name == "LocalityService/CreateLocality"
    assert in_ == (set() if everywhere_only else {NEEDED[name]})
    assert mark(answers[name, EVERYBODY, OWN]) == "✓"
    assert answers[name, "none", OWN].code == "UNAUTHENTICATED"


@pytest.mark.parametrize("who", ["none", *ROLES, ALL_HERE])
@pytest.mark.parametrize("name", METHODS)
def test_another_locality_is_like_none(answers: Answers, name: str, who: str) -> None:
    """A locality that one has no right to is answered for, to the byte, like one that is not."""
    other, absent = answers[name, who, OTHER], answers[name, who, ABSENT]
    if name in NOWHERE:
        assert (other.code, other.reason) == (absent.code, absent.reason)
        return
    assert mark(other) != "✓"
    assert (other.code, other.reason) == (absent.code, absent.reason)
    assert other.text.replace(OTHER, ABSENT) == absent.text
    assert other.details.replace(OTHER.encode(), ABSENT.encode()) == absent.details


def test_only_one_s_own_localities_are_listed(answers: Answers) -> None:
    """The list of localities holds those of the token, and all of them for a token of all."""
    name = "LocalityService/ListLocalities"
    mine, all_ = (answers[name, who, OWN].message.localities for who in ("read", EVERYBODY))
    assert [one.locality for one in mine] == [OWN]
    assert [one.locality for one in all_] == [OTHER, OWN]
