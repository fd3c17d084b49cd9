"""envrules: explained decisions for a city's grid platform, by each locality's own rules."""

from importlib.metadata import version

__version__ = version("envrules")
