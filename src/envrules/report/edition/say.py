"""What the renderers of all kinds share: values, titles of what is named, and recurring phrases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

from envrules.kinds.common import Require, Spec, Then, Where
from envrules.kinds.compiled import plain, print_value
from envrules.kinds.consequences import SELF_PUBLISHING
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Mark, Phrase, Span, joined, phrase
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.schema import ParameterSpec
from envrules.ruleset.source import Path

Section = Literal["unit_types", "inspections", "places", "categories", "campaigns"]

PERIODS = {"day": "日", "week": "周", "month": "月", "quarter": "季度", "year": "年"}
"""A cycle, as in 每月."""
ROUNDINGS = {"up": "进一取整", "down": "舍零取整", "half_up": "四舍五入取整"}
_COLOURS = {
    "red": "红", "orange": "橙", "yellow": "黄", "green": "绿", "blue": "蓝", "white": "白",
    "black": "黑", "grey": "灰", "gold": "金", "purple": "紫",
}  # fmt: skip


class Say:
    """Puts into words what a definition names. One for each ruleset."""

    def __init__(self, loaded: LoadedRuleset) -> None:
        self.loaded = loaded
        self.spec = loaded.spec

    def entry(
        self, kind: str, path: Path, spec: Any, *told: str | Phrase,
        id: str = "", title: str = "", of: str = "",
    ) -> Entry:  # fmt: skip
        """Return the definition at `path`, told; `id` where it is cited by another than its path.

        `of` is the title of the whole that it is a part of: 红单 of 三色督办单.
        """
        anchor, name = ".".join(map(str, path)), title or spec.title
        return Entry(
            id=id or anchor, anchor=anchor, kind=kind,
            title=f"{of}·{name}" if of not in ("", name) else name,
            told=tuple(phrase("{}", sentence) for sentence in told if sentence),
            ref=getattr(spec, "ref", None) or "",
            reason=getattr(spec, "not_from_source", None) or "",
            location=self.loaded.location(path),
        )  # fmt: skip

    # ── values ──

    def value(self, ref: str, counter: str = "") -> Phrase:
        """Return a parameter's value, with the dates from which others hold.

        `counter` is what a bare number counts in this sentence: 名, 级, 倍.
        """
        name = ref.removeprefix("$")
        spec = self.spec.parameters[name]
        (since, first), *later = values_of(spec, counter)
        changes = [f"{start}为 {value}" for start, value in later]
        if since:
            changes.insert(0, since)
        text = first + (f"（{'；'.join(changes)}）" if changes else "")
        return (Span(text, _mark(spec), name),)

    def within(self, ref: str) -> Phrase:
        """Return a limit as it stands in a sentence: 3 个工作日内, 当日 24:00 前."""
        same_day = self.spec.parameters[ref.removeprefix("$")].unit == "same_day"
        return phrase("{}" if same_day else "{}内", self.value(ref))

    def if_on(self, ref: str) -> Phrase:
        """Return the condition that a flag is on, and whether it is: 如“分榜”定为是（现为否）."""
        title = self.spec.parameters[ref.removeprefix("$")].title
        return phrase("如“{}”定为是（现为{}）", title, self.value(ref))

    def chosen(self, spec: Spec, field: str, words: Mapping[Any, str]) -> Phrase:
        """Return a choice in words, marked where the file leaves it to the rule kind."""
        mark: Mark = "plain" if field in spec.model_fields_set else "general"
        return (Span(words[getattr(spec, field)], mark),)

    def bounds(self, spec: Any) -> Phrase:
        """Return the bounds of a figure; each says which side it belongs to."""
        words = (
            ("at_least", "不低于{}"),
            ("above", "高于{}"),
            ("at_most", "不高于{}"),
            ("below", "低于{}"),
        )
        given = ((words, getattr(spec, name)) for name, words in words)
        return joined((phrase(words, self.value(bound)) for words, bound in given if bound), "且")

    # ── names ──

    def names(self, section: Section, words: Iterable[str], between: str = "、") -> str:
        """Return the titles of words of the scheme; one that no section declares, as it is."""
        terms = getattr(self.spec, section)
        titles = (terms[word].title if word in terms else word for word in words)
        return between.join(dict.fromkeys(titles))

    def where(self, where: Where, what: str = "案件") -> str:
        """Return which issues are meant: 由日常巡查发现的案件."""
        classes = {"component": "部件", "event": "事件"}
        parts = [
            ("由{}发现", self.names("inspections", where.source, "或")),
            ("在{}期间发现", self.names("campaigns", where.campaign, "或")),
            ("归入{}", "或".join(f"“{self.class_title(name)}”" for name in where.classes)),
            ("区域类别为{}", "或".join(where.area_class)),
            ("地点为{}", self.names("places", where.place, "或")),
            ("类别为{}", self.names("categories", where.category, "或")),
            ("立案条件为{}", "或".join(f"“{word}”" for word in where.condition)),
            ("属{}", self._conditions(where.conditions_of)),
            ("属{}", "或".join(classes[word] for word in where.object_class)),
            ("带有{}标签", "或".join(f"“{word}”" for word in where.tags)),
        ]
        said = [template.format(words) for template, words in parts if words]
        return f"{'、'.join(said)}的{what}" if said else f"所有{what}"

    def _conditions(self, conditions_of: Mapping[str, tuple[str, ...]]) -> str:
        """Return categories with their filing conditions: “上水井盖”（破损，或废弃）."""
        said = []
        for category, codes in conditions_of.items():
            term = self.spec.categories.get(category)
            texts = [term.conditions.get(code, code) if term else code for code in codes]
            condition = f"（{'，或'.join(texts)}）" if texts else ""
            said.append(f"“{term.title if term else category}”{condition}")
        return "、".join(said)

    def class_title(self, name: str) -> str:
        """Return the title of a class of the taxonomy."""
        return next(item.title for item in self.spec.classes if item.id == name)

    def ledger(self, fields: Mapping[str, tuple[str, ...]]) -> str:
        """Return what a ledger must say: 填明“用途”为“农用”、填有“批准文件”."""
        said = [
            f"填明“{name}”为{'或'.join(f'“{value}”' for value in values)}" if values
            else f"填有“{name}”"
            for name, values in fields.items()
        ]  # fmt: skip
        return "、".join(said)

    def colour(self, spec: Any) -> Phrase:
        """Return the sentence about the colour of a result; nothing where it has none."""
        return phrase("以{}色标示。", _COLOURS[spec.colour]) if spec.colour else ()

    # ── consequences ──

    def then(self, then: Then, approve: bool | None = None, *, always: bool = False) -> Phrase:
        """Return what follows and whether it waits for approval; nothing where nothing follows.

        `always`: it waits for approval unless `approve` says otherwise.
        """
        if not then:
            return ()
        return phrase(
            "{}；{}", joined(map(self._consequence, then)), self._approval(then, approve, always)
        )

    def _consequence(self, item: str | Require) -> Phrase:
        if isinstance(item, str):
            return (Span(item),)
        return phrase(
            "{}（由{}自决定作出起{}完成）", item.require, item.by, self.within(item.within)
        )

    def _approval(self, then: Then, approve: bool | None, always: bool) -> Phrase:
        words = [item.require if isinstance(item, Require) else item for item in then]
        specs = [self.spec.consequences[word] for word in words]
        stated = approve is not None or (not always and all(s.approve is not None for s in specs))
        if approve is None:
            approve = always or any(
                s.action not in SELF_PUBLISHING if s.approve is None else s.approve for s in specs
            )
        text = "经批准后公布" if approve else "不待批准，即时公布"
        return (Span(text, "plain" if stated else "general"),)


def values_of(spec: ParameterSpec, counter: str = "") -> list[tuple[str, str]]:
    """Return since when (empty: always) each value holds, and the value with its unit."""
    keys = sorted(spec.values, key=lambda key: "" if key == "always" else key)
    return [(since(key), shown(spec.values[key], spec.unit, counter)) for key in keys]


def since(key: str) -> str:
    """Return from which day on something holds; empty for `always`."""
    if key == "always":
        return ""
    return f"{full_date(key)}起"


def full_date(day: str) -> str:
    """Return an ISO date as it stands in Chinese text."""
    year, month, date = map(int, day.split("-"))
    return f"{year}年{month}月{date}日"


def day_of_year(day: str) -> str:
    """Return `MM-DD` as it stands in Chinese text."""
    month, date = map(int, day.split("-"))
    return f"{month}月{date}日"


def shown(value: bool | Decimal | str, unit: str, counter: str = "") -> str:
    """Return a value with its unit as an official reads it: shares in per cent, money in 万元.

    The only texts that are values are ways of rounding.
    """
    if counter and isinstance(value, Decimal):
        return f"{plain(value)} {counter}"
    match unit, value:
        case "ratio", Decimal():
            return f"{plain(value * 100)}%"
        case "money", Decimal() if value >= 10_000 and value % 100 == 0:
            return f"{plain(value / 10_000)} 万元"
        case "same_day", _:
            return f"当日 {value} 前"
        case "date", str():
            return full_date(value)
        case "month_day", str():
            return f"每年{day_of_year(value)}"
        case "text", str():
            return ROUNDINGS.get(value, value)
    return print_value(value, unit)


def _mark(spec: ParameterSpec) -> Mark:
    if spec.contradiction is not None:
        return "contradicted"
    return "local" if spec.not_from_source else "value"
