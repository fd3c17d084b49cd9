"""篇6 居民庭院小区: communities marked month by month, banded, compared by the quarter."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("courtyard", rulesets_dir() / "courtyard.yaml")
