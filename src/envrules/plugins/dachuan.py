"""达川区治理办: issues assigned with limits, a chain of supervision, duties by cycle, comparisons."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("dachuan", rulesets_dir() / "dachuan.yaml")
