"""Watched rulesets: good edits are published or wait, bad ones change nothing but what is told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.codes.tables import TABLE
from tests.service.editing import edit_many
from tests.service.site import STREET, TOWN, Site, month_of_the_town
from tests.service.test_locality_service import NOT_SERVING, SERVING
from tests.service.test_server import health_of
from tests.service.test_streaming import eventually

from envrules.client import Client
from envrules.model.entries import Published, decode_entry
from envrules.resources import rulesets_dir
from envrules.v1 import ruleset_service_pb2 as pb
from envrules.v1.locality_service_pb2 import SchemeBinding

TEXT = (rulesets_dir() / f"{TOWN}.yaml").read_text(encoding="utf-8")
LATER = TEXT.replace("{always: 70}", "{always: 70, 2026-12-01: 65}")
PAST = TEXT.replace("{always: 70}", "{always: 65}")


def test_edits_under_load(tmp_path: Path, database_url: str) -> None:
    """Edited at random under a stream of events, a town decides as if the last text were the first.

    Every decision names the revision current at its place in the log, the closed month stays as
    it is, no event is lost, and nothing restarts. `python -m tests.service.edit_many` does more.
    """
    toll = edit_many(tmp_path, edits=15, seed=7, url=database_url)
    assert toll.broken
    assert toll.past
    assert toll.published > 4
    assert toll.superseded


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The watched file of the town, as it is shipped."""
    folder = tmp_path / "rulesets"
    folder.mkdir()
    file = folder / f"{TOWN}.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return file


@pytest.fixture
def watch(start: Callable[..., Site], file: Path) -> Callable[..., tuple[Site, Client]]:
    """Starts a server that watches the folder, with the localities `east` and `west` of the town."""

    def watched(publish: str = "auto") -> tuple[Site, Client]:
        site = start(rulesets=file.parent, publish=publish, settle_seconds=0.05)
        client = site.client("office")
        for place in ("east", "west"):
            client.create_locality(place, place, "Asia/Shanghai", [TOWN])
        return site, client

    return watched


def state(client: Client, locality: str = "east") -> SchemeBinding:
    """How the town's scheme is bound, and its file told of."""
    return client.locality(locality).schemes[0]


def read(client: Client) -> int:
    """How many edits of the file were read."""
    return state(client).file.accepted + state(client).file.refused


def test_an_edit_is_one_log_entry_in_each_locality(
    watch: Callable[..., tuple[Site, Client]], file: Path
) -> None:
    """Published at once, an edit judges all localities of the scheme; the server says who and why."""
    site, client = watch()
    heads = {place: site.store.head(place) for place in ("east", "west")}
    before = state(client).revision
    file.write_text(LATER, encoding="utf-8")
    assert eventually(lambda: before not in {state(client, p).revision for p in heads})
    for place, head in heads.items():
        (row,) = [r for r in site.store.read_log(place, head, 100) if r.kind == "published"]
        entry = decode_entry(row.payload)
        assert isinstance(entry, Published)
        assert (entry.by, entry.reason) == ("serve", f"rulesets/{TOWN}.yaml was edited")
        assert entry.revision == state(client, place).revision
        assert not state(client, place).file.candidate


def test_by_hand_an_edit_waits(watch: Callable[..., tuple[Site, Client]], file: Path) -> None:
    """Without --publish auto an edit is a candidate in each locality, and the log does not grow."""
    site, client = watch("manual")
    file.write_text(LATER, encoding="utf-8")
    assert eventually(lambda: read(client) == 1)
    for place in ("east", "west"):
        bound = state(client, place)
        assert bound.file.candidate not in ("", bound.revision)
        assert not bound.file.retroactive
        assert len(site.store.bindings(place)) == 1
    client.publish("east", TOWN, revision=state(client).file.candidate)
    assert not state(client).file.candidate
    assert state(client, "west").file.candidate, "the other one still waits"


def test_the_past_waits_even_so(watch: Callable[..., tuple[Site, Client]], file: Path) -> None:
    """An edit that changes values dated before today is never published by the server itself."""
    site, client = watch()
    file.write_text(PAST, encoding="utf-8")
    assert eventually(lambda: read(client) == 1)
    assert state(client).file.retroactive
    assert len(site.store.bindings("east")) == 1
    candidate = state(client).file.candidate
    client.publish("east", TOWN, revision=candidate, reason="改", retroactive=True)
    assert state(client).revision == candidate


def test_a_bad_edit_is_told_everywhere(
    watch: Callable[..., tuple[Site, Client]], file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Status, health and log tell of a bad edit by its place; what is in force serves on."""
    site, client = watch()
    before, name = state(client).revision, f"rulesets/{TOWN}"
    assert eventually(lambda: health_of(site, name) == SERVING)
    with caplog.at_level(logging.ERROR):
        file.write_text(TEXT.replace("{always: 70}", "{always: seventy}"), encoding="utf-8")
        assert eventually(lambda: read(client) == 1)
    (problem,) = state(client).file.problems
    line = TEXT[: TEXT.index("{always: 70}")].count("\n") + 1
    assert (problem.file, problem.line, problem.code) == (f"rulesets/{TOWN}.yaml", line, "ER402")
    assert f"rulesets/{TOWN}.yaml:{line}:{problem.column}: ER402" in caplog.text
    assert eventually(lambda: health_of(site, name) == NOT_SERVING)
    assert health_of(site, "localities/east") == SERVING
    assert client.submit("east", month_of_the_town(), decided=True)[-1].decided
    assert state(client).revision == before
    file.write_text(TEXT, encoding="utf-8")
    assert eventually(lambda: health_of(site, name) == SERVING)
    told = state(client).file
    assert (told.accepted, told.refused, list(told.problems)) == (1, 1, [])


def test_own_values_and_codes_stay(watch: Callable[..., tuple[Site, Client]], file: Path) -> None:
    """An edit leaves a locality's own values and its table of codes as they are."""
    _, client = watch()
    own = {"notice_within": {"2026-12-01": "9"}}
    client.publish("east", TOWN, overrides=own, codes=TABLE, codes_file="east.codes.yaml")
    before = state(client).revision
    file.write_text(LATER, encoding="utf-8")
    assert eventually(lambda: state(client).revision != before)
    bound = state(client)
    assert [(o.parameter, o.values[0].value) for o in bound.overrides] == [("notice_within", "9")]
    assert bound.code_table == "east.codes.yaml"


def test_what_says_nothing_new_is_no_candidate(
    watch: Callable[..., tuple[Site, Client]], file: Path
) -> None:
    """A touched file is no edit, and a comment no other revision."""
    site, client = watch()
    heads = len(site.store.bindings("east"))
    file.write_text(TEXT, encoding="utf-8")
    file.write_text(f"# 备注\n{TEXT}", encoding="utf-8")
    assert eventually(lambda: read(client) == 1)
    assert not state(client).file.candidate
    file.write_text(f"# 备注\n{LATER}", encoding="utf-8")
    assert eventually(lambda: len(site.store.bindings("east")) == heads + 1)
    assert read(client) == 2


def test_files_come_and_go(watch: Callable[..., tuple[Site, Client]], file: Path) -> None:
    """A new file brings a new scheme, without a restart; of one that is gone what it said stays."""
    _, client = watch()
    before = state(client).revision
    new = TEXT.replace(f"ruleset: {TOWN}", "ruleset: our_town")
    (file.parent / "our_town.yaml").write_text(new, encoding="utf-8")
    (file.parent / ".our_town.yaml.swp").write_text("half", encoding="utf-8")
    (file.parent / "east.codes.yaml").write_text(TABLE, encoding="utf-8")
    assert eventually(lambda: "our_town" in _listed(client))
    client.create_locality("north", "北镇", "Asia/Shanghai", ["our_town"])
    assert state(client, "north").file.path == "rulesets/our_town.yaml"
    file.unlink()
    assert eventually(lambda: not state(client).HasField("file"))
    assert state(client).revision == before
    assert client.submit("east", month_of_the_town(), decided=True)[-1].decided
    assert STREET in _listed(client)


def _listed(client: Client) -> set[str]:
    response = client.ruleset_stub.ListRulesets(pb.ListRulesetsRequest())
    return {ruleset.scheme for ruleset in response.rulesets}
