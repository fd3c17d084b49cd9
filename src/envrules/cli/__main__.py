"""`python -m envrules.cli`: the program, where no script is installed."""

from envrules.cli import main

main()
