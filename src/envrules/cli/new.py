"""`envrules new`: the package of a scheme of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from envrules.cli.shell import USAGE, Failure
from envrules.plugin_manager import load_plugins
from envrules.scaffold import ScaffoldError, write_package

_NEXT = """\
next:
  envrules check {rules}
  envrules test {cases}
Both are content: the sample is a small scheme that works. Put your own document in its place, part
by part, and run them again after each. {readme} says how to serve and install it;
docs/author-a-locality.md of envrules writes one for a real document, from its text to its decisions."""


def new(
    slug: Annotated[
        str, typer.Argument(help="Name of the scheme: small letters, digits, _.", metavar="SLUG")
    ],
    folder: Annotated[
        Path, typer.Option("--dir", help="Folder in which the package's folder is made.")
    ] = Path(),
    title: Annotated[str, typer.Option(help="Title of the scheme, as offices read it.")] = "",
) -> None:
    """Write a package for a scheme of your own: ruleset, worked cases, test, README.

    It works as it is, and nothing that exists is overwritten.
    """
    if slug in load_plugins().schemes:
        raise Failure(f"there is a scheme {slug} already", "choose another slug")
    package = folder / slug
    try:
        files = write_package(package, slug, title or slug)
    except ScaffoldError as error:
        raise Failure(str(error), error.fix, USAGE) from None
    for file in files:
        print(file)
    rules = package / "src" / f"envrules_{slug}" / f"{slug}.yaml"
    print(_NEXT.format(rules=rules, cases=package / "cases", readme=package / "README.md"))
