"""The files that ship with the package: rulesets and proto files.

In a checkout they are top-level folders, where people look for them; a built wheel carries the same
folders inside the package. Callers ask here and need not know which of the two they run from.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def rulesets_dir() -> Path:
    """The folder of the built-in rulesets, one `<slug>.yaml` per scheme."""
    return _folder("rulesets")


def proto_dir() -> Path:
    """The root of the proto files: the API is in `envrules/v1` below it."""
    return _folder("proto")


def _folder(name: str) -> Path:
    """The folder inside the installed package, or else the one at the top of the checkout."""
    for candidate in (_PACKAGE / name, _CHECKOUT / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"the installation is incomplete: envrules has no {name} folder")
