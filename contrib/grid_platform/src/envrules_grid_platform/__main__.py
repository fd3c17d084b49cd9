"""`python -m envrules_grid_platform` is the command `envrules-grid-platform`."""

from envrules_grid_platform.cli import main

if __name__ == "__main__":
    main()
