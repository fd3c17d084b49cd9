"""篇4 龙港镇: key road lines, demolition and farm sheds, same-day waste, rebound, dated duties."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("longgang", rulesets_dir() / "longgang.yaml")
