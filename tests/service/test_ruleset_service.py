"""RulesetService: rulesets are looked at, checked, compared and put into force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.service.site import NOW, STREET, TOWN, Scheme, Site, month_of_the_town, refused

from envrules.client import Client, ruleset_files
from envrules.resources import rulesets_dir
from envrules.v1 import ruleset_service_pb2 as pb
from envrules.v1.rulesets_pb2 import (
    DatedValue,
    ParameterOverride,
    RulesetFile,
    RulesetFiles,
    RulesetSource,
)

TEXTS = {s: (rulesets_dir() / f"{s}.yaml").read_text(encoding="utf-8") for s in (TOWN, STREET)}
LATEST = RulesetSource(revision="latest")
LOWER = {"warning_line": {"always": "70", "2026-12-01": "55"}}
"""From December on a village is warned below 55 points: nothing that is past changes."""


def edited(before: str, after: str) -> str:
    """The town's ruleset with one change."""
    assert before in TEXTS[TOWN]
    return TEXTS[TOWN].replace(before, after)


def place(words: str, text: str = TEXTS[TOWN]) -> str:
    """Line and column of the first time that these words occur."""
    before = text[: text.index(words)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def in_force(client: Client) -> str:
    """The revision that judges the town."""
    return client.locality("yunxi").schemes[0].revision


# ── looking ──


def test_list_and_get(client: Client) -> None:
    """Every installed scheme is listed, and its file comes as it was written."""
    listed = client.ruleset_stub.ListRulesets(pb.ListRulesetsRequest()).rulesets
    assert {TOWN, STREET} <= {ruleset.scheme for ruleset in listed}
    for scheme, text in TEXTS.items():
        got = client.ruleset_stub.GetRuleset(pb.GetRulesetRequest(scheme=scheme)).ruleset
        (file,) = got.files
        assert (file.path, file.text) == (f"rulesets/{scheme}.yaml", text)
        shown = next(ruleset for ruleset in listed if ruleset.scheme == scheme)
        got.ClearField("files")
        assert shown == got


def test_parameters_are_shown_with_clause_and_place(client: Client) -> None:
    """A parameter has its values as written, its clause or the reason why there is none."""
    got = client.ruleset_stub.GetRuleset(pb.GetRulesetRequest(scheme=TOWN)).ruleset
    parameters = {p.parameter: p for p in got.parameters}
    line = parameters["warning_line"]
    assert (line.title, line.unit, line.ref) == ("警告线（低于）", "points", "m 三2警告")
    assert [(v.since, v.value) for v in line.values] == [("always", "70")]
    assert line.location.startswith(f"rulesets/{TOWN}.yaml:")
    assert not line.overridden
    assert parameters["sewage_counts"].values[0].value == "false"
    assert parameters["notice_within"].not_from_source
    assert (got.timezone, list(got.scores)) == ("Asia/Shanghai", ["annual", "monthly"])
    street = client.ruleset_stub.GetRuleset(pb.GetRulesetRequest(scheme=STREET)).ruleset
    values = {p.parameter: p.values[0].value for p in street.parameters}
    assert (values["waste_cutoff"], values["white_after"]) == ("24:00", "1")


def test_a_localitys_ruleset_has_its_overrides(client: Client) -> None:
    """Asked for a locality, a ruleset shows what is in force there."""
    client.publish("yunxi", TOWN, overrides=LOWER)
    request = pb.GetRulesetRequest(scheme=TOWN, locality="yunxi")
    got = client.ruleset_stub.GetRuleset(request).ruleset
    line = next(p for p in got.parameters if p.parameter == "warning_line")
    assert line.overridden
    assert [(v.since, v.value) for v in line.values] == [("always", "70"), ("2026-12-01", "55")]
    assert got.revision == in_force(client)
    by_revision = pb.GetRulesetRequest(scheme=TOWN, revision=got.revision)
    assert client.ruleset_stub.GetRuleset(by_revision).ruleset == got


GETS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({}, ("INVALID_ARGUMENT", "BAD_REQUEST", "scheme REQUIRED")),
    ({"scheme": "nothing"}, ("NOT_FOUND", "SCHEME_NOT_FOUND")),
    ({"scheme": TOWN, "revision": "feed"}, ("NOT_FOUND", "REVISION_NOT_FOUND")),
    ({"scheme": TOWN, "locality": "nowhere"}, ("NOT_FOUND", "LOCALITY_NOT_FOUND")),
    ({"scheme": STREET, "locality": "yunxi"}, ("NOT_FOUND", "SCHEME_NOT_FOUND")),
]


@pytest.mark.parametrize(("asked", "status"), GETS)
def test_rulesets_that_are_not_there(
    client: Client, asked: dict[str, Any], status: tuple[str, ...]
) -> None:
    """What does not exist is told as such."""
    with refused(*status):
        client._call(client.ruleset_stub.GetRuleset, pb.GetRulesetRequest(**asked))


def test_schemes_are_paged(client: Client) -> None:
    """A page of one leads to the next."""
    request = pb.ListRulesetsRequest(page_size=1)
    seen = []
    while True:
        page = client.ruleset_stub.ListRulesets(request)
        seen += [ruleset.scheme for ruleset in page.rulesets]
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    assert seen == sorted(seen)
    assert {TOWN, STREET} <= set(seen)


# ── checking and comparing ──


@pytest.mark.parametrize("scheme", TEXTS)
def test_a_good_text_has_a_revision(client: Client, scheme: str) -> None:
    """A shipped ruleset is good, and has the revision that it has when it is installed."""
    request = pb.ValidateRulesetRequest(scheme=scheme, files=ruleset_files(scheme, TEXTS[scheme]))
    answer = client.ruleset_stub.ValidateRuleset(request)
    assert list(answer.problems) == []
    got = client.ruleset_stub.GetRuleset(pb.GetRulesetRequest(scheme=scheme)).ruleset
    assert answer.revision == got.revision


def test_problems_are_told_by_line_and_column(client: Client) -> None:
    """A bad text is a normal answer: each problem with its place, code and fix."""
    text = edited("below: $warning_line", "below: $warning_lime").replace("full: 10,", "full: ten,")
    request = pb.ValidateRulesetRequest(scheme=TOWN, files=ruleset_files(TOWN, text))
    problems = client.ruleset_stub.ValidateRuleset(request).problems
    assert problems
    lines = text.splitlines()
    for problem in problems:
        assert problem.file == f"{TOWN}.yaml"
        assert problem.code.startswith("ER")
        assert problem.message
        assert problem.fix
        assert 1 <= problem.column <= len(lines[problem.line - 1])
    assert "ten" in lines[problems[0].line - 1]


def test_hostile_texts_are_refused_calmly(client: Client) -> None:
    """Deep, huge and senseless texts get problems or a refusal, never a fault."""
    for text in ("[" * 10_000, "a: &x [*x]", "\x00", "- 1", "ruleset: 1e999", "键: " * 1000):
        request = pb.ValidateRulesetRequest(scheme=TOWN, files=ruleset_files(TOWN, text))
        assert client.ruleset_stub.ValidateRuleset(request).problems
    request = pb.ValidateRulesetRequest(scheme=TOWN, files=ruleset_files(TOWN, "a" * 1_000_001))
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", "files.files[0].text TOO_LONG"):
        client._call(client.ruleset_stub.ValidateRuleset, request)


FILES: list[tuple[RulesetFiles, str]] = [
    (RulesetFiles(), "files.files REQUIRED"),
    (RulesetFiles(files=[RulesetFile(text="a: 1")]), "files.files[0].path REQUIRED"),
    (
        RulesetFiles(files=[RulesetFile(path=f"../{TOWN}.yaml", text="a: 1")]),
        "files.files[0].path CONTRADICTION",
    ),
    (
        RulesetFiles(files=[RulesetFile(path="other.yaml", text="a: 1")]),
        "files.files[0].path CONTRADICTION",
    ),
    (
        RulesetFiles(files=[RulesetFile(path=f"{TOWN}.yaml"), RulesetFile(path="more.yaml")]),
        "files.files TOO_MANY",
    ),
]


@pytest.mark.parametrize(
    ("files", "field"), FILES, ids=["none", "nameless", "outside", "other", "two"]
)
def test_wrong_files(client: Client, files: RulesetFiles, field: str) -> None:
    """A ruleset is one file named after its scheme, inside its folder."""
    request = pb.ValidateRulesetRequest(scheme=TOWN, files=files)
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", field):
        client._call(client.ruleset_stub.ValidateRuleset, request)


def test_differences_in_words(client: Client) -> None:
    """Two rulesets are compared value by value, in words."""
    after = RulesetSource(files=ruleset_files(TOWN, edited("{always: 70}", "{always: 65}")))
    request = pb.DiffRulesetsRequest(scheme=TOWN, before=LATEST, after=after)
    (change,) = client.ruleset_stub.DiffRulesets(request).changes
    assert (change.path, change.since) == ("parameters.warning_line", "always")
    assert (change.title, change.before, change.after) == ("警告线（低于）", "70", "65")
    assert "70 → 65" in change.words
    same = pb.DiffRulesetsRequest(scheme=TOWN, before=LATEST, after=LATEST)
    assert list(client.ruleset_stub.DiffRulesets(same).changes) == []


def test_only_good_rulesets_of_one_scheme_are_compared(client: Client) -> None:
    """A bad text, or none, is refused with its place."""
    bad = RulesetSource(files=ruleset_files(TOWN, edited("unit: points", "unit: point")))
    request = pb.DiffRulesetsRequest(scheme=TOWN, before=LATEST, after=bad)
    with refused(
        "INVALID_ARGUMENT",
        "BAD_RULESET",
        f"{TOWN}.yaml:{place('point, ref', bad.files.files[0].text)} ER206",
    ):
        client._call(client.ruleset_stub.DiffRulesets, request)
    request = pb.DiffRulesetsRequest(scheme=TOWN, before=RulesetSource(), after=LATEST)
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", "before.source REQUIRED"):
        client._call(client.ruleset_stub.DiffRulesets, request)


# ── publishing ──


def test_publishing_judges_open_periods_anew(site: Site, client: Client) -> None:
    """A published text judges the open period wholly, and is on record with who and why."""
    client.submit("yunxi", month_of_the_town(), decided=True)
    text = edited("{always: 70}", "{always: 55}")
    office = site.client("office")
    answer = office.publish("yunxi", TOWN, text=text, reason="办公会决定", retroactive=True)
    published = answer.published
    assert published.revision == in_force(client)
    assert (published.published_by, published.reason) == ("office", "办公会决定")
    assert published.published_at.ToMicroseconds() == NOW
    assert [c.after for c in answer.changes] == ["55"]
    bands = {s.unit: s.band.id for s in client.standings("yunxi", TOWN, "monthly", "2026-07")}
    assert bands["sun"] == "ok"


def test_closed_periods_keep_their_rules(client: Client) -> None:
    """A revision published after a close does not touch the closed period."""
    client.submit("yunxi", month_of_the_town(), decided=True)
    before = client.close_period("yunxi", TOWN, "2026-07").report.scores
    text = edited("{always: 70}", "{always: 55}")
    client.publish("yunxi", TOWN, text=text, reason="改", retroactive=True)
    assert client.report("yunxi", TOWN, "2026-07").scores == before


def test_changing_the_past_must_be_said(site: Site, client: Client) -> None:
    """Values dated before today change only when that is asked for, with a reason."""
    text = edited("{always: 70}", "{always: 55}")
    head = site.store.head("yunxi")
    with refused("FAILED_PRECONDITION", "RETROACTIVE"):
        client.publish("yunxi", TOWN, text=text)
    with refused("FAILED_PRECONDITION", "RETROACTIVE"):
        client.publish("yunxi", TOWN, overrides={"warning_line": {"2026-11-21": "55"}})
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", "reason REQUIRED"):
        client.publish("yunxi", TOWN, text=text, retroactive=True)
    assert site.store.head("yunxi") == head
    client.publish("yunxi", TOWN, overrides={"warning_line": {"2026-11-22": "55"}})
    assert site.store.head("yunxi") == head + 1, "from today on it may change"


def test_publishing_what_is_in_force_changes_nothing(site: Site, client: Client) -> None:
    """A repeated publication gives the first one again."""
    first = client.publish("yunxi", TOWN, overrides=LOWER, expected_revision=in_force(client))
    head = site.store.head("yunxi")
    again = client.publish(
        "yunxi", TOWN, overrides=LOWER, expected_revision=first.published.revision
    )
    assert again.published == first.published
    assert list(again.changes) == []
    assert site.store.head("yunxi") == head


def test_a_colleagues_change_is_not_overwritten(site: Site, client: Client) -> None:
    """If another revision is in force than expected, nothing is published."""
    old = in_force(client)
    client.publish("yunxi", TOWN, overrides=LOWER)
    head = site.store.head("yunxi")
    with refused("ABORTED", "REVISION_CHANGED"):
        client.publish(
            "yunxi", TOWN, overrides={"notice_within": {"2026-12-01": "5"}}, expected_revision=old
        )
    assert site.store.head("yunxi") == head


def test_trying_out_a_publication(site: Site, client: Client) -> None:
    """With validate_only everything is checked and told, and nothing is published."""
    before, head = in_force(client), site.store.head("yunxi")
    answer = client.publish("yunxi", TOWN, overrides=LOWER, validate_only=True)
    assert answer.published.revision != before
    assert answer.published.seq == 0
    assert [(c.since, c.before, c.after) for c in answer.changes] == [("2026-12-01", "70", "55")]
    assert (in_force(client), site.store.head("yunxi")) == (before, head)
    assert (
        answer.published.revision
        == client.publish("yunxi", TOWN, overrides=LOWER).published.revision
    )


def test_going_back_to_an_earlier_revision(client: Client) -> None:
    """An earlier revision is put back just as it was, its overrides included."""
    shipped = in_force(client)
    client.publish("yunxi", TOWN, overrides=LOWER)
    lower = in_force(client)
    client.publish("yunxi", TOWN, revision=shipped)
    assert in_force(client) == shipped
    client.publish("yunxi", TOWN, revision=lower)
    assert in_force(client) == lower
    (binding,) = client.locality("yunxi").schemes
    assert [o.parameter for o in binding.overrides] == ["warning_line"]


def test_revisions_are_listed_latest_first(site: Site, client: Client) -> None:
    """Every publication is listed with who, when, why and from where on."""
    site.client("office").publish("yunxi", TOWN, overrides=LOWER, reason="十二月起")
    client.publish("yunxi", TOWN, revision="latest")
    request = pb.ListRevisionsRequest(locality="yunxi", scheme=TOWN, page_size=2)
    first = client.ruleset_stub.ListRevisions(request)
    request.page_token = first.next_page_token
    second = client.ruleset_stub.ListRevisions(request)
    revisions = [*first.revisions, *second.revisions]
    assert [r.published_by for r in revisions] == ["grid", "office", "office"]
    assert [r.seq for r in revisions] == [4, 3, 2]
    assert [len(r.overrides) for r in revisions] == [0, 1, 0]
    assert revisions[1].reason == "十二月起"
    assert not second.next_page_token
    with refused("NOT_FOUND", "SCHEME_NOT_FOUND"):
        client._call(
            client.ruleset_stub.ListRevisions,
            pb.ListRevisionsRequest(locality="yunxi", scheme=STREET),
        )


PUBLICATIONS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"locality": "nowhere"}, ("NOT_FOUND", "LOCALITY_NOT_FOUND")),
    ({"scheme": "nothing"}, ("NOT_FOUND", "SCHEME_NOT_FOUND")),
    ({"revision": "feed"}, ("NOT_FOUND", "REVISION_NOT_FOUND")),
    ({"text": TEXTS[STREET]}, ("INVALID_ARGUMENT", "BAD_RULESET", f"{TOWN}.yaml:{place(STREET, TEXTS[STREET])} ER902")),
    (
        {"overrides": {"nothing": {"always": "1"}}},
        ("INVALID_ARGUMENT", "BAD_RULESET", f"rulesets/{TOWN}.yaml:1:1 ER301"),
    ),
    (
        {"overrides": {"warning_line": {"always": "seventy"}}},
        ("INVALID_ARGUMENT", "BAD_RULESET", f"rulesets/{TOWN}.yaml:{place('70}')} ER402"),
    ),
    (
        {"overrides": {"warning_line": {"2026-02-30": "60", "tomorrow": "60"}}},
        (
            "INVALID_ARGUMENT", "BAD_REQUEST", "overrides[0].values[0].since BAD_TIME",
            "overrides[0].values[1].since BAD_TIME",
        ),
    ),
    (
        {"overrides": {"warning_line": {}, "": {"always": ""}}},
        (
            "INVALID_ARGUMENT", "BAD_REQUEST", "overrides[0].values REQUIRED",
            "overrides[1].parameter REQUIRED", "overrides[1].values[0].value REQUIRED",
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "status"), PUBLICATIONS)
def test_what_cannot_be_published(
    site: Site, client: Client, asked: dict[str, Any], status: tuple[str, ...]
) -> None:
    """A publication that is not possible says why, and the old ruleset serves on."""
    before, head = in_force(client), site.store.head("yunxi")
    with refused(*status):
        client.publish(**{"locality": "yunxi", "scheme": TOWN, **asked})
    assert (in_force(client), site.store.head("yunxi")) == (before, head)


def test_repeated_overrides_are_refused(client: Client) -> None:
    """A parameter, or a date of one, stands there once."""
    value = DatedValue(since="2026-12-01", value="5")
    twice = ParameterOverride(parameter="warning_line", values=[value, value])
    request = pb.PublishRulesetRequest(
        locality="yunxi", scheme=TOWN, ruleset=LATEST, overrides=[twice, twice]
    )
    fields = (
        "overrides[0].values[1].since REPEATED", "overrides[1].parameter REPEATED",
        "overrides[1].values[0].since REPEATED", "overrides[1].values[1].since REPEATED",
    )  # fmt: skip
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", *fields):
        client._call(client.ruleset_stub.PublishRuleset, request)


def test_a_broken_installed_ruleset_does_not_keep_the_server_down(
    start: Callable[..., Site], tmp_path: Any
) -> None:
    """A plugin's bad ruleset is left out; the others are there, and what was published serves on."""
    scheme = Scheme(tmp_path, "hamlet")
    site = start(scheme)
    site.client().create_locality("small", "小村", "Asia/Shanghai", ["hamlet"])
    site.stop()
    scheme.path.write_text("ruleset: [", encoding="utf-8")
    client = start(scheme).client()
    assert client.locality("small").schemes[0].scheme == "hamlet"
    assert client.submit("small", month_of_the_town(), decided=True)[-1].decided
    listed = client.ruleset_stub.ListRulesets(pb.ListRulesetsRequest()).rulesets
    assert {TOWN, STREET, "hamlet"} <= {ruleset.scheme for ruleset in listed}
