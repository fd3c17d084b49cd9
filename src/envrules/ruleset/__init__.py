"""Rulesets: YAML with file:line:col, dated values, compilation, revisions."""
