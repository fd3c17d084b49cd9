"""Checks of a code table against the ruleset of its scheme."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from envrules.errors import MAX_PROBLEMS, Problem, RulesetError
from envrules.ruleset.code_table import HostCode
from envrules.ruleset.codes import CodeTableText, LoadedCodes, host_code, load_codes
from envrules.ruleset.schema import RulesetSpec
from envrules.ruleset.source import Path
from envrules.ruleset.words import choose


def check_codes(loaded: LoadedCodes, ruleset: RulesetSpec) -> list[Problem]:
    """Return what keeps a code table from being used with a ruleset, by place."""
    if loaded.spec.scheme != ruleset.ruleset:
        return [loaded.problem(
            "ER701", ("scheme",),
            f"the code table is for {loaded.spec.scheme}, the ruleset is {ruleset.ruleset}",
            "use it with its own scheme, or write one for this scheme",
        )]  # fmt: skip
    return sorted(set(islice(_problems(loaded, ruleset), MAX_PROBLEMS)))


def check_codes_text(source: CodeTableText, ruleset: RulesetSpec | None) -> list[Problem]:
    """Return the problems of a code table's text; without a ruleset only of its shape.

    Never raises.
    """
    try:
        loaded = load_codes(source)
    except RulesetError as error:
        return list(error.problems)
    return check_codes(loaded, ruleset) if ruleset is not None else []


def _problems(loaded: LoadedCodes, ruleset: RulesetSpec) -> Iterator[Problem]:
    spec = loaded.spec
    if not spec.entries and not spec.places:
        yield loaded.problem(
            "ER209", (), "the code table maps nothing", "add `entries:` with at least one code"
        )
    seen: dict[HostCode, int] = {}
    path: Path
    for i, entry in enumerate(spec.entries):
        path = ("entries", i)
        yield from _word(loaded, (*path, "category"), entry.category, "category", ruleset)
        if entry.place is not None:
            yield from _word(loaded, (*path, "place"), entry.place, "place", ruleset)
        yield from _own(loaded, (*path, "category_code"), entry.category_code, ruleset.categories)
        first = seen.setdefault(host_code(entry), i)
        if first != i:
            yield _twice(loaded, first, i)
    for code, word in spec.places.items():
        path = ("places", code)
        yield from _word(loaded, path, word, "place", ruleset)
        yield from _own(loaded, path, code, ruleset.places)


def _word(
    loaded: LoadedCodes, path: Path, word: str, noun: str, ruleset: RulesetSpec
) -> Iterator[Problem]:
    """A code can only mean what the scheme knows; one that declares no words takes any."""
    section = {"category": "categories", "place": "places"}[noun]
    known: Collection[str] = getattr(ruleset, section)
    if known and word not in known:
        yield loaded.problem(
            "ER303", path, f"{ruleset.ruleset} has no {noun} {word}",
            choose(word, known, f"declare it under `{section}` of the ruleset"),
        )  # fmt: skip


def _own(
    loaded: LoadedCodes, path: Path, code: str | None, words: Collection[str]
) -> Iterator[Problem]:
    """What is a word of the scheme already stays as it is: an entry for it would do nothing."""
    if code in words:
        yield loaded.problem(
            "ER509", path, f"{code} is a word of the scheme itself and stays as it is", "remove it"
        )


def _twice(loaded: LoadedCodes, first: int, again: int) -> Problem:
    line = loaded.document.definition(("entries", first)).line
    one, other = loaded.spec.entries[first], loaded.spec.entries[again]
    same = (one.category, one.place, one.tags) == (other.category, other.place, other.tags)
    return loaded.problem(
        "ER702", ("entries", again),
        f"{host_code(other)} is mapped again; line {line} maps it"
        + (" to the same already" if same else f" to {one.category}"),
        "keep one of the two" if same else "keep one of the two, or tell them apart by condition",
    )  # fmt: skip
