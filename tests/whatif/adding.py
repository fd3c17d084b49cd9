"""Random histories for what-if: of a shipped town, and of a county whose figures add up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st
from tests.laws.county import COUNTY
from tests.laws.county_rules import CODES, TEXT, changed, without
from tests.laws.worlds import DAY, EPOCH, TOWN, Setting, World, run, worlds
from tests.whatif.logs import PLUGINS, text_of

from envrules.cases.mutation.mutants import Mutant, mutants
from envrules.cases.mutation.operators import Candidate, candidates
from envrules.errors import errors_in
from envrules.model.entries import Arrived
from envrules.model.events import Event, Inspection, IssueFound, ScoreSupplied
from envrules.ruleset.check_codes import check_codes
from envrules.ruleset.codes import CodeTableText, load_codes, with_codes
from envrules.ruleset.compile import Scheme, compile_ruleset
from envrules.ruleset.load import load_ruleset
from envrules.runtime.library import Library, Revision
from envrules.whatif import History, Question, Tried

ADDING = changed(
    without(TEXT, "exclusions:", "- {id: shed"),
    (" repeat: fix,\n     restore: $part, restore_by: fix,", ""),
)
"""The county, without what makes a finding depend on its issue's life."""

SEVERAL = ("sum", "mean", "latest", "worst")


def county(several: str) -> str:
    """The county's text, several assessments taken in one of the ways."""
    return changed(ADDING, ("several: sum", f"several: {several}"))


@dataclass(frozen=True, eq=False)
class Ground:
    """A ruleset to draw histories for."""

    setting: Setting
    scheme: str
    text: str
    codes: str = ""

    def revision(self) -> Revision:
        """What is in force."""
        codes = CodeTableText("host.yaml", self.codes) if self.codes else None
        return Revision(f"{self.scheme}.yaml", self.text, {}, codes)


GROUNDS = (
    Ground(TOWN, "town_deduction", text_of("town_deduction")),
    *(Ground(COUNTY, "county", county(several), CODES) for several in SEVERAL),
    Ground(COUNTY, "county", TEXT, CODES),
)


@cache
def compiled(ground: Ground) -> Scheme:
    """The ground's scheme."""
    given = ground.revision()
    return Library(PLUGINS).add(given.text, given.file, {}, 0, given.codes)


@st.composite
def histories(draw: st.DrawFn, ground: Ground) -> tuple[History, Question]:
    """Draw a log of the ground's scheme, mostly of what adds up, and a question about all of it."""
    scheme, frame = compiled(ground), ground.setting
    sightings = frame.plain.filter(lambda p: isinstance(p, Inspection | IssueFound | ScoreSupplied))
    often = st.one_of(sightings, sightings, sightings, frame.plain)
    calm = draw(st.booleans())
    setting = Setting(
        lambda _slug, _revision: scheme, ((ground.scheme,),), (scheme.revision,), frame.periods,
        () if calm else frame.units, sightings if calm else often,
        (lambda _target: sightings) if calm and draw(st.booleans()) else frame.about, frame.stories,
    )  # fmt: skip
    world: World = draw(worlds(setting, 20))
    known = [
        Arrived(Event(f"k{n}", EPOCH - 100 * DAY, unit))
        for n, unit in enumerate(frame.units if calm else ())
    ]
    log: list[Any] = run([*known, *world.entries], setting.library).log.rows
    revisions = {(ground.scheme, scheme.revision): ground.revision()}
    return History("town", log, revisions), Question(ground.scheme, "2026-01", "2026-12")


@cache
def _changes(ground: Ground) -> tuple[Candidate, ...]:
    return tuple(candidates(load_ruleset(ground.text, f"{ground.scheme}.yaml")))


@st.composite
def rulesets(draw: st.DrawFn, ground: Ground) -> Tried:
    """Draw a ruleset that differs from the ground's by one thing or two: a mutant that is good."""
    loaded = load_ruleset(ground.text, f"{ground.scheme}.yaml")
    for turn in range(draw(st.integers(1, 2))):
        changes = list(_changes(ground)) if turn == 0 else list(candidates(loaded))
        change = draw(st.sampled_from(changes))
        found = next((m for m in mutants(loaded, [change]) if isinstance(m, Mutant)), None)
        if found is not None and found.loaded.spec.ruleset == ground.scheme:
            loaded = found.loaded
    scheme = compile_ruleset(loaded, "tried")
    codes = ground.revision().codes
    table = load_codes(codes) if codes is not None else None
    if table is not None and errors_in(check_codes(table, loaded.spec)):
        table = None
    source = Revision(loaded.file, "", {}, codes if table is not None else None)
    return Tried(source, with_codes(scheme, table), loaded)
