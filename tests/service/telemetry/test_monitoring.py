"""contrib/monitoring and docs/observe.md say nothing of metrics that do not exist, or otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from envrules.service.telemetry.catalogue import ALL

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "contrib" / "monitoring"
KNOWN = {
    f"{metric.name}{suffix}": {*metric.labels, "instance", "job", *(["le"] if suffix else [])}
    for metric in ALL
    for suffix in (("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",))
}
"""By the name that a query uses, the labels that it may use; test_metrics compares with a scrape."""
PROMETHEUS = {"up", "process_resident_memory_bytes", "process_open_fds"}

FUNCTIONS = {
    "sum", "max", "min", "by", "rate", "increase", "histogram_quantile", "label_values",
}  # fmt: skip


def alerts() -> list[dict[str, Any]]:
    """The rules of alerts.yaml."""
    text = (MONITORING / "alerts.yaml").read_text(encoding="utf-8")
    read = YAML(typ="safe").load(text)
    return [rule for group in read["groups"] for rule in group["rules"]]


def dashboard() -> Any:
    """What is in dashboard.json."""
    return json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))


def queries() -> Iterator[Any]:
    """Every query of both, with where it stands."""
    for rule in alerts():
        yield pytest.param(rule["expr"], id=rule["alert"])
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield pytest.param(target["expr"], id=f"{panel['title']}-{target['refId']}")
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            yield pytest.param(variable["query"], id=f"${variable['name']}")


@pytest.mark.parametrize("query", list(queries()))
def test_a_query_asks_for_what_there_is(query: str) -> None:
    """It names metrics that exist, selects and groups by labels that they have, and is balanced."""
    bare = re.sub(r'"[^"]*"', '""', query)
    assert all(bare.count(a) == bare.count(b) for a, b in ("()", "{}", "[]"))
    labels = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", bare)
    for grouping in re.findall(r"by \(([^)]*)\)", bare):
        labels += re.findall(r"\w+", grouping)
    rest = re.sub(r"by \([^)]*\)|\{[^}]*\}|\[[^\]]*\]", " ", bare)
    words = set(re.findall(r"[a-z_]\w*", rest)) - FUNCTIONS
    metrics = words & (KNOWN.keys() | PROMETHEUS)
    assert metrics, "no metric is asked for"
    assert words - metrics <= {"locality"}, "what is that?"  # the label that a variable lists
    allowed = set.union(*(KNOWN.get(name, {"instance", "job"}) for name in metrics))
    assert set(labels) <= allowed


def test_alerts_say_what_to_do() -> None:
    """Every rule has a name of its own, a duration, a severity, and words for whoever is called."""
    rules = alerts()
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        assert re.fullmatch(r"\d+[mhd]", rule["for"])
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        for words in (rule["annotations"]["summary"], rule["annotations"]["description"]):
            assert re.search("[\u4e00-\u9fff]", words), rule["alert"]


def test_alerts_are_there_for_what_must_not_go_unseen() -> None:
    """Lag, stall, a silent source, a refused ruleset, the store and errors each have a rule."""
    asked = " ".join(rule["expr"] for rule in alerts())
    for name in (
        "projector_lag_seconds", "locality_stalled", "source_silence_seconds", "ruleset_refused",
        "store_up", "calls_total", "commit_failures_total",
    ):  # fmt: skip
        assert f"envrules_{name}" in asked


def test_the_dashboard_shows_every_metric() -> None:
    """Its panels have numbers of their own, do not overlap, and leave no metric out."""
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [
        (x, y) for panel in panels for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]  # fmt: skip
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24
    shown = json.dumps(panels)
    left_out = {metric.name for metric in ALL if metric.name not in shown}
    assert left_out == {"envrules_info", "envrules_survey_age_seconds"}


def test_every_metric_is_documented_as_it_is() -> None:
    """The table of docs/observe.md is the catalogue: names, kinds, labels, units, meanings."""
    text = (ROOT / "docs" / "observe.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`envrules_.*) \|$", text, re.MULTILINE)
    assert rows == [
        " | ".join((
            f"`{metric.name}`", metric.kind, ", ".join(f"`{label}`" for label in metric.labels),
            metric.unit, metric.meaning,
        ))
        for metric in ALL
    ]  # fmt: skip
