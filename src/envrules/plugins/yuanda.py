"""003 远大社区: five campaigns; what is not put right at once is in the ledger."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("yuanda", rulesets_dir() / "yuanda.yaml")
