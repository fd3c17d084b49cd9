"""003 京航: one month of rectification from 19 November."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("jinghang", rulesets_dir() / "jinghang.yaml")
