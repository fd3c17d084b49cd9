"""The pytest plugin: collects worked cases."""
