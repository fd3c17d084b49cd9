"""A new locality's package, from the command that writes it to a decision: all from wheels."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.authoring.clean_env import CHECKOUT, CleanEnv

SLUG = "cloud_brook"


def events() -> str:
    """A community, and an inspection of it just now that finds one thing."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    community = {"unit": "east", "title": "东社区", "type": "community", "since": "2026-01-01"}
    finding = {"id": "1", "category": "乱倒", "place": "street"}
    return json.dumps([
        {"id": "U1", "occurred_at": now, "unit_declared": community},
        {"id": "I1", "occurred_at": now, "inspection": {
            "inspection": "I1", "unit": "east", "kind": "monthly_check", "findings": [finding]}},
    ])  # fmt: skip


def decided(env: CleanEnv, place: Path) -> list[dict[str, Any]]:
    """Serve the installed scheme to a town, send it the events, and return what is decided."""
    serve = f"envrules serve --db sqlite:///{place}/town.db --bind town={SLUG}"
    with env.serving(serve, cwd=place) as address:
        to = ("--server", address)
        env.run("envrules", "submit", "-", "-l", "town", "--wait", "decided", *to,
                cwd=place, stdin=events())  # fmt: skip
        found = json.loads(env.run("envrules", "decisions", "town", "--json", *to, cwd=place))
    assert isinstance(found, list)
    return found


def test_a_new_package_is_built_installed_and_served(clean_env: CleanEnv, tmp_path: Path) -> None:
    """`envrules new` of the wheel writes a package whose own wheel, beside it, judges a town."""
    env = clean_env
    env.run("envrules", "new", SLUG, "--title", "云溪街道", cwd=tmp_path)
    package = tmp_path / SLUG
    env.run(env.python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path,
            package, cwd=tmp_path)  # fmt: skip
    (built,) = tmp_path.glob("envrules_cloud_brook-*.whl")
    env.install(built)
    paths = env.run(
        env.python, "-c",
        "import envrules, envrules_cloud_brook as own, sys; "
        "print(envrules.__file__, own.__file__, *sys.path, sep='\\n')", cwd=tmp_path,
    ).splitlines()  # fmt: skip
    assert all(path.startswith(str(env.folder)) for path in paths[:2])
    assert not any(path.startswith((str(CHECKOUT), str(package))) for path in paths if path)

    (decision,) = decided(env, tmp_path)
    assert decision["slot"]["scheme"] == SLUG
    assert decision["slot"]["rule"] == "scores.monthly.street"
    assert (decision["counted"], decision["unit"]) == ("-1.00", "east")
    assert "东社区" in decision["reason"]
    (row,) = [step for step in decision["steps"] if step["rule"].endswith("monthly_rows.street")]
    assert row["ref"] == "d 第六条"
    assert row["location"].startswith(f"envrules_{SLUG}/{SLUG}.yaml:")


def test_its_own_tests_run_where_it_is_installed(clean_env: CleanEnv, tmp_path: Path) -> None:
    """pytest, run in the new package, runs the worked cases and the package's test."""
    env = clean_env
    env.run("envrules", "new", SLUG, cwd=tmp_path)
    env.install(tmp_path / SLUG)
    printed = env.run(env.python, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=short",
                      cwd=tmp_path / SLUG)  # fmt: skip
    assert "21 passed" in printed
