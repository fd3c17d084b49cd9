"""Benchmarks: ratios of envrules to hand-written references and a peer, never tests."""
