"""A town's ruleset and the code table of its platform, for all tests of code tables."""

from __future__ import annotations

from envrules.resources import rulesets_dir
from envrules.ruleset.code_table import CodeTable
from envrules.ruleset.codes import CodeTableText, load_codes, with_codes
from envrules.ruleset.compile import compile_ruleset
from envrules.ruleset.load import LoadedRuleset, load_ruleset

SCHEME = "town_deduction"
RULESET = (rulesets_dir() / f"{SCHEME}.yaml").read_text(encoding="utf-8")
HEAD = f"codes: town_platform\ntitle: 某市数字城管代码\nscheme: {SCHEME}\n"
TABLE = f"""\
{HEAD}places: {{"01": main_road, 村里: village}}
entries:
- {{large: "01", category: 建筑垃圾, title: 市容环境}}
- {{class: event, large: "01", category: 乱搭乱建}}
- {{large: "01", small: "0103", category: 三大堆, title: 暴露垃圾}}
- {{class: event, large: "01", small: "0103", condition: "2", category: 白色垃圾}}
- {{small: "0777", category: 漂浮物, place: water, tags: [水面, 急办]}}
- {{category_code: 事件-污水, category: 污水横流, title: 污水外溢}}
"""


def loaded() -> LoadedRuleset:
    """Return the town's ruleset."""
    return load_ruleset(RULESET, f"{SCHEME}.yaml")


def compiled(text: str = TABLE) -> CodeTable:
    """Return a table of the town, ready to read events."""
    scheme = compile_ruleset(loaded(), "r")
    table = with_codes(scheme, load_codes(CodeTableText("town.codes.yaml", text))).codes
    assert table is not None
    return table
