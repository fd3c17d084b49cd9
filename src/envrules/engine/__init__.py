"""The engine: what holds for a key, as a pure function of its events, the tick and the revision."""
