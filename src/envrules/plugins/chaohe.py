"""003 潮河: outdoor advertisements, a taxonomy and nothing else."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("chaohe", rulesets_dir() / "chaohe.yaml")
