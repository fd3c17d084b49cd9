"""Generate typed Python stubs from the proto files.

protoc writes absolute imports (`from envrules.v1 import issue_pb2`), so its output root has to be
the folder that holds the package: `src/`. The generated folder belongs to this script alone; it
rewrites what changed, removes what no proto file stands for any more, and leaves the rest, so that
running it twice changes nothing.

    python tools/gen_proto.py [--proto proto] [--out src]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PACKAGE_INIT = '"""Messages and services generated from the proto files: do not edit."""\n'


def plugin(name: str) -> str:
    """The path of a protoc plugin: beside this Python first, as a venv need not be on PATH."""
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(name, path=search)
    if found is None:
        raise SystemExit(f"gen_proto: {name} is missing: install mypy-protobuf")
    return found


def compile_protos(proto_root: Path, sources: list[Path], out: Path) -> None:
    """Run protoc once over all sources, with message and service stubs and their types."""
    plugins = ("protoc-gen-mypy", "protoc-gen-mypy_grpc")
    arguments = [
        "protoc",
        f"-I{proto_root}",
        f"-I{files('grpc_tools') / '_proto'}",  # google/protobuf/timestamp.proto and its kin
        *(f"--plugin={name}={plugin(name)}" for name in plugins),
        f"--python_out={out}",
        f"--grpc_python_out={out}",
        f"--mypy_out=quiet:{out}",
        # The server is synchronous (faster here), and the types of one kind are plainer.
        f"--mypy_grpc_out=quiet,only_sync:{out}",
        *map(str, sources),
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("gen_proto: protoc refused the proto files (see above)")


def publish(generated: Path, out: Path, packages: set[Path]) -> None:
    """Move the generated files into `out`, touching only those whose content differs."""
    for package in sorted(packages):
        (generated / package / "__init__.py").write_text(PACKAGE_INIT, encoding="utf-8")
        target = out / package
        target.mkdir(parents=True, exist_ok=True)
        fresh = {path.name for path in (generated / package).iterdir() if path.is_file()}
        for old in target.iterdir():
            if old.suffix in {".py", ".pyi"} and old.name not in fresh:
                old.unlink()
        for name in sorted(fresh):
            replace_if_changed(generated / package / name, target / name)


def replace_if_changed(source: Path, target: Path) -> None:
    """Replace `target` in one step: a reader never sees half a file, nor a new date for nothing."""
    if target.exists() and target.read_bytes() == source.read_bytes():
        return
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(source, partial)
    partial.replace(target)


def generate(proto_root: Path, out: Path) -> None:
    """Generate the stubs of every proto file under `proto_root` into `out`."""
    sources = sorted(proto_root.rglob("*.proto"))
    if not sources:
        raise SystemExit(f"gen_proto: no proto file under {proto_root}")
    packages = {source.parent.relative_to(proto_root) for source in sources}
    with tempfile.TemporaryDirectory() as scratch:
        compile_protos(proto_root, sources, Path(scratch))
        publish(Path(scratch), out, packages)


def main() -> None:
    """Read the command line and generate."""
    parser = argparse.ArgumentParser(description="Generate typed stubs from the proto files.")
    parser.add_argument("--proto", type=Path, default=ROOT / "proto", help="the proto files' root")
    parser.add_argument("--out", type=Path, default=ROOT / "src", help="the package's parent")
    arguments = parser.parse_args()
    generate(arguments.proto.resolve(), arguments.out.resolve())


if __name__ == "__main__":
    main()
