"""The structure of the package: data flows one way, and the lower layers know nothing of the upper."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import envrules

ROOT = Path(envrules.__file__).parent

# Each row may import the rows above it and, within the row, what stands to its left.
ROWS = (
    ("model", "errors", "resources", "logs"),
    ("calendar",),
    ("kinds",),
    ("ruleset",),
    ("hookspecs", "plugins", "hook_process", "plugin_manager", "hook_worker"),
    ("engine",),
    ("store",),
    ("runtime",),
    ("whatif",),
    ("v1", "wire"),
    ("cases", "clauses", "credentials", "client", "service", "report", "demo", "excel", "scaffold",
     "pytest_plugin", "workbench", "cli"),
)  # fmt: skip
ORDER = {name: (row, place) for row, names in enumerate(ROWS) for place, name in enumerate(names)}
PURE = ("model", "calendar", "kinds", "engine")
"""Layers that import neither I/O nor a clock."""
FORBIDDEN = {
    "asyncio", "grpc", "io", "logging", "multiprocessing", "os", "random", "secrets", "shutil",
    "socket", "sqlalchemy", "sqlite3", "subprocess", "tempfile", "threading", "time", "urllib",
    "uuid",
}  # fmt: skip
EXCEPTIONS = {
    # One lock per matcher: durable-rules' C engine is not safe to enter twice.
    ("engine/match.py", "threading"),
}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("v1/") and name != "__init__.py":
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def _imports(tree: ast.Module) -> Iterator[str]:
    """Yield what a module imports at run time (not for annotations only)."""
    typing_only = {
        id(inner) for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }  # fmt: skip
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _layer(module: str) -> str | None:
    """Return the layer of a dotted module of ours, or None."""
    parts = module.split(".")
    return parts[1] if parts[0] == "envrules" and len(parts) > 1 and parts[1] in ORDER else None


MODULES = dict(_modules())


@pytest.mark.parametrize("name", MODULES)
def test_imports_only_what_lies_above(name: str) -> None:
    """A module imports only its own layer, rows above it, and what stands left of it in its row."""
    own = name.split("/")[0].removesuffix(".py")
    assert own in ORDER, f"{name} belongs to no layer: add it to ROWS"
    for imported in _imports(MODULES[name]):
        layer = _layer(imported)
        if layer is not None and layer != own:
            assert ORDER[layer] < ORDER[own], f"{name} imports {imported}, which is below it"


@pytest.mark.parametrize("name", [n for n in MODULES if n.split("/")[0] in PURE])
def test_pure_layers_know_no_clock_and_no_io(name: str) -> None:
    """Kinds, engine and what they stand on import neither I/O nor a clock."""
    for imported in _imports(MODULES[name]):
        top = imported.split(".")[0]
        assert top not in FORBIDDEN or (name, top) in EXCEPTIONS, f"{name} imports {imported}"


def test_no_import_goes_in_a_circle() -> None:
    """No module imports itself by way of others, inside a layer or across."""
    names = {
        "envrules." + n.removesuffix(".py").replace("/", ".").removesuffix(".__init__"): n
        for n in MODULES
    }
    edges = {
        module: {i for i in _imports(MODULES[file]) if i in names and i != module}
        for module, file in names.items()
    }  # fmt: skip
    packages = {m for m, file in names.items() if file.endswith("__init__.py")}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path[path.index(module) :], module))
        if module in done:
            return
        for other in sorted(edges[module]):
            # A package's own front is loaded before its modules; that is no circle.
            if not (other in packages and module.startswith(f"{other}.")):
                visit(other, (*path, module))
        done.add(module)

    for module in names:
        visit(module, ())


def test_only_one_module_touches_durable_rules() -> None:
    """The C engine has one importer."""
    users = [
        n for n, tree in MODULES.items() if any(i.startswith("durable") for i in _imports(tree))
    ]
    assert users == ["engine/match.py"]


def test_no_module_below_the_plugins_knows_a_scheme() -> None:
    """Outside plugins/ and the demo, which plays two of them, no source names a scheme."""
    slugs = {p.stem for p in (ROOT / "plugins").glob("*.py")} - {"__init__", "defaults"}
    assert slugs
    for name in MODULES:
        if name.split("/")[0] in ("plugins", "demo"):
            continue
        text = (ROOT / name).read_text(encoding="utf-8")
        # As a word in quotes or a path: `mine` is an English word, too.
        found = [slug for slug in slugs if re.search(rf"[\"'`/]{slug}\b", text)]
        assert not found, f"{name} names {found}"
