"""A rehearsal: a made-up town's platform, with everything that goes wrong on one, and its truth.

`python -m envrules_grid_platform.rehearsal` plays it through a real bridge and a real server, which
are killed now and then, and compares what is written back with a direct evaluation of the truth.
"""
