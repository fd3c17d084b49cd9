"""003 九龙办事处: every road and river known, ledger with limits, weekly red and black flags."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("jiulong", rulesets_dir() / "jiulong.yaml")
