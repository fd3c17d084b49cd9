"""The runtime: append, project, close, rebuild. Thin shells with a clock round the pure engine."""
