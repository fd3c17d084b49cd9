"""What is shipped: the distribution's content, its pins, and the commands that test it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import envrules
from envrules import resources

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGE = Path(envrules.__file__).resolve().parent
PINS = sorted((CHECKOUT / "requirements").glob("*.txt"))
by_file = pytest.mark.parametrize("pins", PINS, ids=lambda path: path.stem)


def files(folder: Path) -> dict[str, bytes]:
    """Content by relative path of every file below a folder."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def entries(pins: Path) -> Iterator[tuple[Requirement, list[str]]]:
    """Each pinned requirement of a compiled file with its hashes."""
    for entry in pins.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        name, *options = entry.split(" --")
        yield Requirement(name), options


def pinned(pins: Path) -> dict[str, Version]:
    """Version by package name in a compiled file."""
    return {
        requirement.name: Version(str(requirement.specifier).removeprefix("=="))
        for requirement, _ in entries(pins)
    }


def declared() -> list[Requirement]:
    """What the installed distribution says it needs, its extras apart."""
    needed = map(Requirement, requires("envrules") or [])
    return [one for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]


@pytest.mark.skipif("ENVRULES_TESTS_WHEEL" not in os.environ, reason="only `make test` has a wheel")
def test_the_wheel_is_what_is_tested() -> None:
    """Under `make test` the package is imported from the installed wheel, not from the checkout."""
    assert PACKAGE.parent.name == "site-packages"
    assert not PACKAGE.is_relative_to(CHECKOUT / "src")


@pytest.mark.parametrize("folder", ["rulesets", "proto"])
def test_carried_files(folder: str) -> None:
    """The package finds every ruleset and proto file of the checkout, byte for byte."""
    carried = {"rulesets": resources.rulesets_dir, "proto": resources.proto_dir}[folder]()
    assert files(carried) == files(CHECKOUT / folder)
    assert files(carried)


def test_package_is_typed() -> None:
    """The package tells type checkers that its annotations are meant for them, stubs included."""
    assert (PACKAGE / "py.typed").is_file()
    stubs = {path.name for path in (PACKAGE / "v1").glob("*.pyi")}
    modules = {path.with_suffix(".pyi").name for path in (PACKAGE / "v1").glob("*_pb2*.py")}
    assert stubs == modules
    assert stubs


def test_stubs_run_on_every_admitted_runtime() -> None:
    """The generated stubs need no newer grpcio or protobuf than the distribution asks for."""
    lowest = {
        one.name: min(Version(spec.version) for spec in one.specifier if spec.operator == ">=")
        for one in declared()
        if one.name in {"grpcio", "protobuf"}
    }
    generators = {
        "grpcio": r"GRPC_GENERATED_VERSION = '(.+)'",
        "protobuf": r"Protobuf Python Version: (.+)",
    }
    source = "\n".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "v1").glob("*.py"))
    for name, pattern in generators.items():
        generated_by = {Version(found) for found in re.findall(pattern, source)}
        assert len(generated_by) == 1
        assert lowest[name] >= generated_by.pop()


def test_entry_points_load() -> None:
    """The console script and the pytest plugin name objects that exist."""
    (script,) = entry_points(group="console_scripts", name="envrules")
    assert callable(script.load())
    (plugin,) = entry_points(group="pytest11", name="envrules")
    assert plugin.load().__name__ == "envrules.pytest_plugin"


def test_version_agrees_with_changelog() -> None:
    """The newest entry of the changelog is about the version that is installed."""
    changelog = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(.+?)\]", changelog, flags=re.MULTILINE)
    assert newest is not None
    assert newest[1] == version("envrules") == envrules.__version__


@by_file
def test_every_pin_is_exact_and_hashed(pins: Path) -> None:
    """Each line names one version of one package and the SHA-256 of its files, and nothing else."""
    found = list(entries(pins))
    assert found
    for requirement, options in found:
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert requirement.url is None
        assert options, f"{requirement} has no hash"
        assert all(re.fullmatch(r"hash=sha256:[0-9a-f]{64} *", option) for option in options)


def test_pins_name_no_address() -> None:
    """No requirement file says where packages come from: any index or mirror will do."""
    for path in sorted((CHECKOUT / "requirements").iterdir()):
        content = path.read_text(encoding="utf-8")
        assert "://" not in content, path
        assert not re.search(r"--(extra-)?(index|find-links|trusted)", content), path


def test_a_package_has_one_version() -> None:
    """Whatever environment a package is in, its version is the same."""
    versions: dict[str, set[Version]] = {}
    for pins in PINS:
        for name, one in pinned(pins).items():
            versions.setdefault(name, set()).add(one)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_runtime_pins_satisfy_the_declared_needs() -> None:
    """Each dependency that the distribution declares is pinned, to a version that it admits."""
    pins = pinned(CHECKOUT / "requirements" / "runtime.txt")
    needs = {re.sub(r"[-_.]+", "-", one.name).lower(): one.specifier for one in declared()}
    assert needs
    assert needs.keys() <= pins.keys()
    assert {
        name: pins[name] for name, admitted in needs.items() if pins[name] not in admitted
    } == {}


def test_ci_runs_the_command_of_the_readme() -> None:
    """What the README says runs the tests is what CI runs."""
    assert "make test" in (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^status=0\nmake test ", (CHECKOUT / ".ci" / "run").read_text(), re.MULTILINE)


def test_python_range_is_the_same_everywhere() -> None:
    """The project's Python range, its classifiers and the interpreter search agree."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    classified = [
        line.rpartition(" ")[2] for line in project["classifiers"] if ":: Python :: 3." in line
    ]
    search = (CHECKOUT / "tools" / "find_python.sh").read_text(encoding="utf-8")
    assert project["requires-python"] == f">={classified[0]},<3.13"
    assert "(3, 11) <= sys.version_info[:2] <= (3, 12)" in search
    assert classified == ["3.11", "3.12"]
