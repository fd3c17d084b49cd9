"""篇8 星级单元: communities and villages up to standard earn stars; the city counts its targets."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("star_units", rulesets_dir() / "star_units.yaml")
