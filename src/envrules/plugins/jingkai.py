"""003 经开区与城管局: signed reports, ledgers and summaries, groups and offices ranked apart."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("jingkai", rulesets_dir() / "jingkai.yaml")
