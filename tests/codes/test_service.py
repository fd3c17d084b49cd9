"""Code tables over a real channel: an unknown code is listed, mapped, and what waited is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.codes.tables import HEAD, RULESET, SCHEME, TABLE
from tests.service.site import Scheme, Site, at, open_site, refused, village

from envrules.client import AnyEntry, Client, ruleset_files
from envrules.model.events import Event, EventWithdrawn, Finding, Inspection, IssueFound
from envrules.plugin_manager import load_plugins
from envrules.runtime.library import Library
from envrules.runtime.rebuild import rebuild
from envrules.runtime.runtime import wall_clock
from envrules.v1 import events_pb2
from envrules.v1 import ruleset_service_pb2 as pb
from envrules.v1.rulesets_pb2 import RulesetFile, RulesetSource

LOWER = {"warning_line": {"always": "70", "2026-12-01": "55"}}


@pytest.fixture
def start(tmp_path: Path, database_url: str) -> Iterator[Callable[[], Site]]:
    """Starts servers over one database."""
    sites: list[Site] = []

    def opened() -> Site:
        sites.append(open_site(tmp_path, Scheme(tmp_path, "hamlet"), url=database_url))
        return sites[-1]

    yield opened
    for site in sites:
        site.stop(grace=0)


@pytest.fixture
def client(start: Callable[[], Site]) -> Client:
    """A connection to a server with a town and its village."""
    client = start().client("office")
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai", [SCHEME])
    client.submit("yunxi", [village("zhao", "赵庄村")], decided=True)
    return client


def coded(name: str, when: str, **codes: str) -> Event:
    """A patrol found something, in the host's codes."""
    payload = IssueFound(f"案{name}", source="patrol", place_unit="zhao", **codes)  # type: ignore[arg-type]
    return Event(f"e{name}", at(when), payload)


def checked(*categories: str) -> Event:
    """A check found these along the main road, in its own words for both."""
    findings = tuple(Finding(f"f{i}", c, "01") for i, c in enumerate(categories, start=1))
    payload = Inspection("月查", "zhao", "monthly_check", findings=findings)
    return Event("check", at("2026-11-10 09:00"), payload)


def in_force(client: Client) -> tuple[str, str]:
    """The revision that judges the town, and the file of its code table."""
    (binding,) = client.locality("yunxi").schemes
    return binding.revision, binding.code_table


def outcomes(client: Client) -> list[str]:
    """What holds of the town's findings."""
    return sorted(d.outcome for d in client.list_decisions("yunxi"))


EVENTS = [
    coded("1", "2026-11-20 09:00", large_class="01", small_class="0103", object_class="event"),
    coded("2", "2026-11-20 11:00", large_class="01", small_class="0103", object_class="event"),
    coded("3", "2026-11-20 10:00", category="噪声", place="09"),
    checked("事件-污水", "三大堆"),
]


def test_from_an_unknown_code_to_its_decision(client: Client) -> None:
    """Listed with counts, times and cases; mapped by a published table; judged at once."""
    client.submit("yunxi", EVENTS, decided=True)
    listed = {(c.small_class, c.category, c.place): c for c in client.unknown_codes("yunxi")}
    assert set(listed) == {
        ("0103", "", ""), ("", "噪声", ""), ("", "事件-污水", ""), ("", "", "09"), ("", "", "01"),
    }  # fmt: skip
    litter = listed["0103", "", ""]
    assert (litter.scheme, litter.large_class, litter.count) == (SCHEME, "01", 2)
    assert litter.object_class == events_pb2.OBJECT_CLASS_EVENT
    assert litter.first_seen.ToMicroseconds() == at("2026-11-20 09:00")
    assert litter.last_seen.ToMicroseconds() == at("2026-11-20 11:00")
    assert (list(litter.issues), list(litter.event_ids)) == (["案1", "案2"], ["e1", "e2"])
    sewage = listed["", "事件-污水", ""]
    assert (list(sewage.issues), list(sewage.event_ids)) == ([], ["check#f1"])
    assert listed["", "", "01"].count == 2
    assert outcomes(client) == ["parked"] * 5
    answer = client.publish("yunxi", SCHEME, codes=TABLE, codes_file="town.codes.yaml")
    assert "codes.大类01 小类0103 暴露垃圾: 无 → 三大堆" in [c.words for c in answer.changes]
    assert answer.published.code_table == "town.codes.yaml"
    assert [(c.category, c.place) for c in client.unknown_codes("yunxi")] == [
        ("", "09"),
        ("噪声", ""),
    ]
    assert outcomes(client).count("parked") == 1
    notices = {i for d in client.list_decisions("yunxi", kinds=["slip"]) for i in d.issues}
    assert notices == {"案1", "案2"}
    assert [d.outcome for d in client.list_decisions("yunxi", kinds=["deduction"])] == ["road"]


def test_what_no_longer_waits_is_not_listed(client: Client) -> None:
    """A finding that is withdrawn waits for nothing."""
    client.submit("yunxi", EVENTS[:3], decided=True)
    assert len(list(client.unknown_codes("yunxi"))) == 3
    gone = [Event(f"w{n}", at("2026-11-21 09:00"), EventWithdrawn(f"e{n}", "误报")) for n in "13"]
    client.submit("yunxi", gone, decided=True)
    (left,) = client.unknown_codes("yunxi")
    assert (left.count, list(left.issues)) == (1, ["案2"])


def test_each_scheme_has_its_own_unknown_codes(client: Client) -> None:
    """Two schemes over one town read the same event each by its own table."""
    client.publish("yunxi", "hamlet")
    client.submit("yunxi", [EVENTS[0]], decided=True)
    client.publish("yunxi", SCHEME, codes=TABLE)
    assert [c.scheme for c in client.unknown_codes("yunxi")] == ["hamlet"]
    assert list(client.unknown_codes("yunxi", SCHEME)) == []
    with refused("NOT_FOUND", "SCHEME_NOT_FOUND"):
        list(client.unknown_codes("yunxi", "liuhu"))
    with refused("NOT_FOUND", "LOCALITY_NOT_FOUND"):
        list(client.unknown_codes("nowhere"))


def test_unknown_codes_are_paged(client: Client) -> None:
    """Pages of two give all of them once, in one order."""
    client.submit("yunxi", EVENTS, decided=True)
    request = pb.ListUnknownCodesRequest(locality="yunxi", page_size=2)
    sizes: list[int] = []
    seen: list[pb.UnknownCode] = []
    while True:
        page = client.ruleset_stub.ListUnknownCodes(request)
        sizes.append(len(page.codes))
        seen += page.codes
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    assert sizes == [2, 2, 1]
    assert seen == list(client.unknown_codes("yunxi"))


# ── publishing ──


def test_the_table_in_force_is_kept(client: Client) -> None:
    """A new text, or other overrides, leave the host's codes as they are."""
    client.publish("yunxi", SCHEME, codes=TABLE, codes_file="town.codes.yaml")
    for change in (
        {"overrides": LOWER},
        {"text": RULESET.replace("title: 日常巡查", "title: 巡查")},
    ):
        answer = client.publish("yunxi", SCHEME, **change)
        assert not any(c.path.startswith("codes.") for c in answer.changes)
        assert in_force(client)[1] == "town.codes.yaml"
    asked = pb.GetRulesetRequest(scheme=SCHEME, locality="yunxi")
    shown = client.ruleset_stub.GetRuleset(asked).ruleset.code_table
    assert (shown.path, shown.text) == ("town.codes.yaml", TABLE)
    request = pb.ListRevisionsRequest(locality="yunxi", scheme=SCHEME)
    revisions = client.ruleset_stub.ListRevisions(request).revisions
    assert [r.code_table for r in revisions] == ["town.codes.yaml"] * 3 + [""]


def test_only_the_table_is_changed(client: Client) -> None:
    """With the revision in force named, all else stays: that is how an operator maps a code."""
    client.publish("yunxi", SCHEME, overrides=LOWER)
    client.publish("yunxi", SCHEME, revision=in_force(client)[0], codes=TABLE)
    (binding,) = client.locality("yunxi").schemes
    assert [o.parameter for o in binding.overrides] == ["warning_line"]
    more = TABLE + '- {small: "9", category: 三大堆}\n'
    answer = client.publish("yunxi", SCHEME, revision=binding.revision, codes=more)
    assert [c.words for c in answer.changes] == ["codes.小类9: 无 → 三大堆"]


def test_an_earlier_revision_comes_back_with_its_table(client: Client) -> None:
    """Named by its hash, a revision is put back just as it was."""
    bare = in_force(client)[0]
    coded = client.publish("yunxi", SCHEME, codes=TABLE).published.revision
    back = {"retroactive": True, "reason": "退回"}
    client.publish("yunxi", SCHEME, revision=bare, **back)  # type: ignore[arg-type]
    assert in_force(client) == (bare, "")
    client.publish("yunxi", SCHEME, revision=coded)
    assert in_force(client) == (coded, "codes.yaml")
    client.publish("yunxi", SCHEME, codes="", **back)  # type: ignore[arg-type]
    assert in_force(client) == (bare, "")


def test_changing_what_a_code_meant_must_be_said(client: Client) -> None:
    """Another meaning reaches into the past; a first meaning does not."""
    client.publish("yunxi", SCHEME, codes=TABLE)
    before = in_force(client)
    for text in (TABLE.replace("污水横流", "漂浮物"), ""):
        with refused("FAILED_PRECONDITION", "RETROACTIVE"):
            client.publish("yunxi", SCHEME, codes=text)
    assert in_force(client) == before
    changed = TABLE.replace("污水横流", "漂浮物")
    client.publish("yunxi", SCHEME, codes=changed, retroactive=True, reason="对照有误")
    assert in_force(client) != before


def test_trying_a_table_publishes_nothing(client: Client) -> None:
    """With validate_only the changes are told and the town stays as it is."""
    before = in_force(client)
    answer = client.publish("yunxi", SCHEME, codes=TABLE, validate_only=True)
    assert len(answer.changes) == 8
    assert in_force(client) == before


def test_a_bad_table_is_refused_with_its_place(client: Client) -> None:
    """Neither a word that the scheme lacks, nor a ruleset that no longer fits the table in force."""
    with refused("INVALID_ARGUMENT", "BAD_RULESET", "t/a.yaml:7:41 ER303"):
        client.publish("yunxi", SCHEME, codes=TABLE.replace("category: 乱搭乱建", "category: 乱搭"),
                       codes_file="t/a.yaml")  # fmt: skip
    client.publish("yunxi", SCHEME, codes=HEAD + 'entries: [{small: "1", category: 建筑垃圾}]\n')
    less = RULESET.replace("  建筑垃圾: {title: 建筑垃圾, ref: m 一(二)}\n", "").replace(
        "building_rubbish_counts: [建筑垃圾]", "building_rubbish_counts: [旧物]"
    ).replace("  岸边垃圾: {", "  旧物: {title: 旧物, ref: m 一(二)}\n  岸边垃圾: {")  # fmt: skip
    with refused("INVALID_ARGUMENT", "BAD_RULESET", "codes.yaml:4:34 ER303"):
        client.publish("yunxi", SCHEME, text=less)


@pytest.mark.parametrize(("file", "field"), [
    (RulesetFile(text="codes: x"), "code_table.path REQUIRED"),
    (RulesetFile(path="../a.yaml", text="codes: x"), "code_table.path CONTRADICTION"),
    (RulesetFile(path="a.csv", text="codes: x"), "code_table.path CONTRADICTION"),
    (RulesetFile(path="a.yaml", text="x" * 1_000_001), "code_table.text TOO_LONG"),
], ids=["nameless", "outside", "no yaml", "huge"])  # fmt: skip
def test_wrong_files(client: Client, file: RulesetFile, field: str) -> None:
    """A table is one YAML file inside its folder."""
    request = pb.PublishRulesetRequest(
        locality="yunxi", scheme=SCHEME, ruleset=RulesetSource(revision="latest"), code_table=file
    )
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", field):
        client._call(client.ruleset_stub.PublishRuleset, request)


def test_another_file_name_is_no_other_revision(client: Client) -> None:
    """The same table from elsewhere, with another comment, is in force already."""
    first = client.publish("yunxi", SCHEME, codes=TABLE, codes_file="a.yaml").published
    again = client.publish("yunxi", SCHEME, codes="# 又\n" + TABLE, codes_file="b.yaml").published
    assert again.revision == first.revision
    client.create_locality("other", "别镇", "Asia/Shanghai")
    other = client.publish("other", SCHEME, codes="# 又\n" + TABLE, codes_file="b.yaml").published
    assert other.revision == first.revision


# ── checking, comparing, judging without a store ──


def test_a_table_is_checked_with_its_ruleset(client: Client) -> None:
    """ValidateRuleset tells the problems of both, and the revision of both together."""
    file = RulesetFile(path="t.yaml", text=TABLE)
    request = pb.ValidateRulesetRequest(
        scheme=SCHEME, files=ruleset_files(SCHEME, RULESET), code_table=file
    )
    answer = client.ruleset_stub.ValidateRuleset(request)
    published = client.publish("yunxi", SCHEME, text=RULESET, codes=TABLE).published
    assert (list(answer.problems), answer.revision) == ([], published.revision)
    request.code_table.text = TABLE.replace("三大堆", "三大推")
    (problem,) = client.ruleset_stub.ValidateRuleset(request).problems
    assert (problem.file, problem.line, problem.code) == ("t.yaml", 8, "ER303")
    request.code_table.text = "codes: 7\n"
    request.files.files[0].text = RULESET.replace("unit: points", "unit: point", 1)
    files = [p.file for p in client.ruleset_stub.ValidateRuleset(request).problems]
    assert {"t.yaml", f"{SCHEME}.yaml"} == set(files)


def test_revisions_are_compared_with_their_tables(client: Client) -> None:
    """A revision with a table differs from one without in what its codes mean."""
    bare = in_force(client)[0]
    coded = client.publish("yunxi", SCHEME, codes=TABLE).published.revision
    request = pb.DiffRulesetsRequest(
        scheme=SCHEME, before=RulesetSource(revision=bare), after=RulesetSource(revision=coded)
    )
    assert len(client.ruleset_stub.DiffRulesets(request).changes) == 8


def test_evaluation_without_a_store_reads_codes(client: Client) -> None:
    """Evaluate takes a table with the log, and judges by it."""
    log: list[AnyEntry] = [village("zhao"), EVENTS[0], at("2026-11-21 09:00")]
    judged = client.evaluate(SCHEME, log, codes=TABLE)
    outcomes = [
        [d.outcome for d in answer.decisions if "案1" in d.issues]
        for answer in (client.evaluate(SCHEME, log), judged)
    ]
    assert outcomes == [["parked"], ["running", "notice"]]
    assert judged.revision == client.publish("yunxi", SCHEME, codes=TABLE).published.revision


# ── elsewhere, and later ──


def test_a_localitys_codes_stay_its_own(client: Client) -> None:
    """Another locality of the same scheme has no table, or one of its own."""
    client.publish("yunxi", SCHEME, codes=TABLE)
    client.create_locality("lake", "湖镇", "Asia/Shanghai", [SCHEME])
    client.submit("lake", [village("zhao"), EVENTS[0]], decided=True)
    assert [c.small_class for c in client.unknown_codes("lake")] == ["0103"]
    own = HEAD + 'entries: [{small: "0103", category: 漂浮物}]\n'
    client.publish("lake", SCHEME, codes=own)
    client.submit("yunxi", [EVENTS[0]], decided=True)
    steps = {
        locality: {
            s.note for d in client.list_decisions(locality, issues=["案1"], schemes=[SCHEME])
            for s in d.steps if s.rule == "codes.town_platform"
        }
        for locality in ("yunxi", "lake")
    }  # fmt: skip
    assert steps == {"yunxi": {"按“三大堆”判"}, "lake": {"按“水面漂浮物”判"}}


def test_a_restart_and_a_rebuild_know_the_table(client: Client, start: Callable[[], Site]) -> None:
    """The table is stored with its revision: derived state can be dropped and rebuilt."""
    client.submit("yunxi", EVENTS, decided=True)
    client.publish("yunxi", SCHEME, codes=TABLE)
    before = outcomes(client)
    client.close()
    site = start()
    again = site.client("office")
    assert outcomes(again) == before
    again.submit("yunxi", [coded("9", "2026-11-20 12:00", small_class="0777")], decided=True)
    assert len(list(again.list_decisions("yunxi", issues=["案9"]))) == 2
    site.runtime.stop()
    library = Library(load_plugins(), site.store)
    old, new = rebuild(site.store, "yunxi", library, wall_clock)
    assert old == new
