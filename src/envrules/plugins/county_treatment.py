"""篇5 县农村环境综合整治: targets, grants in tranches on evidence, what a missed year costs."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("county_treatment", rulesets_dir() / "county_treatment.yaml")
