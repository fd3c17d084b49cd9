"""A third party's plugin that misbehaves on demand: what an inspection's `organ` says, it does."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
SCHEME = "rogue"

_PLUGIN = """
import os, signal, sys, time
from pathlib import Path

from msgspec.structs import replace

from envrules.hookspecs import SchemeSource, hookimpl


@hookimpl
def envrules_scheme():
    return SchemeSource("rogue", Path(__file__).with_name("rogue.yaml"))


@hookimpl
def envrules_classify(scheme, event):
    match getattr(event.payload, "organ", ""):
        case "raises":
            raise LookupError("no such district")
        case "exits":
            sys.exit("bye")
        case "dies":
            os._exit(3)
        case "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "hangs":
            time.sleep(3600)
        case "hangs for good":
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            time.sleep(3600)
        case "eats":
            eaten = []
            while True:
                eaten.append(bytearray(1 << 24))
        case "prints":
            print("as if it were an answer", flush=True)
        case "reads":
            sys.stdin.read()
        case "answers a text":
            return "nonsense"
        case "renames":
            return replace(event, id="another")
        case "antedates":
            return replace(event, occurred_at=0)
        case "answers half an event":
            return replace(event, payload=7)
        case "renumbers":
            return replace(event, seq=4711)
        case "leaves it":
            return None
    return replace(event, source=str(os.getpid()))
"""


def install(folder: Path, *, mended: bool = False) -> Path:
    """Install the plugin as a distribution in a folder; return that, for PYTHONPATH."""
    folder.mkdir(exist_ok=True)
    text = (ROOT / "rulesets" / "town_deduction.yaml").read_text(encoding="utf-8")
    (folder / "rogue.yaml").write_text(
        text.replace("ruleset: town_deduction", f"ruleset: {SCHEME}"), encoding="utf-8"
    )
    plugin = _PLUGIN.replace('case "raises"', 'case "used to raise"') if mended else _PLUGIN
    (folder / "rogue_plugin.py").write_text(plugin, encoding="utf-8")
    information = folder / "rogue-1.0.dist-info"
    information.mkdir(exist_ok=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: rogue\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[envrules.schemes]\nrogue = rogue_plugin\n")
    return folder
