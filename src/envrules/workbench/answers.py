"""An answer as HTML: headline, map, lists and the table of movers. Every text is escaped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from html import escape

from envrules.kinds.lists import ListRule
from envrules.ruleset.compile import Scheme
from envrules.whatif.model import Answer, Difference, Row, Side
from envrules.workbench.picture import Shape

MAP = (460.0, 210.0)
"""Width and height of the map's own units."""
_SHOWN_BY_ROW = frozenset({"score", "band", "rank", "list", "deduction"})
_MOST = 200
"""Movers that the table shows; nobody reads more, and the count says how many there are."""


def headline(answer: Answer, rows: Sequence[Row]) -> str:
    """Return how many units move, and how."""
    movers = [row for row in rows if row.moves]
    if not movers and not answer.differences:
        return _headline("没有变动", f"{len(rows)} 个单位与现行规则下相同")
    better, worse = _up_and_down(movers)
    parts = [f"得分或名次上升 {better}、下降 {worse}"] if better or worse else []
    bands = sum(1 for row in movers if _band(row.before) != _band(row.after))
    parts += [f"等次变动 {bands}"] if bands else []
    more = sum(1 for d in answer.differences if d.kind not in _SHOWN_BY_ROW)
    parts += [f"另有决定变动 {more} 项"] if more else []
    return _headline(f"{len(rows)} 个单位中 {len(movers)} 个变动", "，".join(parts))


def _headline(strong: str, rest: str) -> str:
    return f"<strong>{escape(strong)}</strong><span>{escape(rest)}</span>"


def _up_and_down(movers: Sequence[Row]) -> tuple[int, int]:
    better = worse = 0
    for row in movers:
        old, new = row.before, row.after
        if old is None or new is None:
            continue
        if old.points is not None and new.points is not None and old.points != new.points:
            better, worse = better + (new.points > old.points), worse + (new.points < old.points)
        elif old.rank and new.rank and old.rank != new.rank:
            better, worse = better + (new.rank < old.rank), worse + (new.rank > old.rank)
    return better, worse


def _band(side: Side | None) -> str:
    return side.band if side is not None else ""


def map_svg(shapes: Sequence[Shape]) -> str:
    """Return the units as a map."""
    wide, high = MAP
    drawn = "".join(_shape(shape) for shape in shapes)
    return (
        f'<svg viewBox="0 0 {wide:g} {high:g}" role="img" aria-label="各单位等次图" class="wb-map">'
        f"{drawn}</svg>"
    )


def _shape(shape: Shape) -> str:
    edge = 'class="moves"' if shape.moves else ""
    return (
        f"<g {edge}><title>{escape(shape.says)}</title>"
        f'<path d="{shape.path}" fill="{shape.colour}"/>'
        f'<text x="{shape.x:.1f}" y="{shape.y:.1f}">{escape(shape.title)}</text></g>'
    )


def lists(scheme: Scheme, rows: Sequence[Row], score: str) -> str:
    """Return the lists of a score: who stays, who comes, who goes."""
    rules = [rule for rule in scheme.lists if rule.of == score]
    return "".join(_list(rule, rows) for rule in rules)


def _list(rule: ListRule, rows: Sequence[Row]) -> str:
    entries = []
    for row in sorted(rows, key=lambda r: (_rank(r), r.title), reverse=rule.end == "bottom"):
        was = row.before is not None and rule.id in row.before.lists
        now = row.after is not None and rule.id in row.after.lists
        if was or now:
            kind, sign = (
                ("stays", "") if was and now else ("comes", "＋") if now else ("goes", "－")
            )
            side = row.after if now else row.before
            points = f" {side.points}" if side is not None and side.points is not None else ""
            entries.append(
                f'<li class="{kind}">{sign}{escape(row.title)}<small>{points}</small></li>'
            )
    held = "".join(entries) or '<li class="none">无</li>'
    tone = "top" if rule.end == "top" else "bottom"
    return f'<section class="wb-list {tone}"><h3>{escape(rule.citation.title)}</h3><ul>{held}</ul></section>'


def _rank(row: Row) -> int:
    side = row.after if row.after is not None and row.after.rank else row.before
    return side.rank if side is not None and side.rank else 1 << 30


def _figure(row: Row) -> Decimal:
    side = row.after or row.before
    return side.points if side is not None and side.points is not None else Decimal(-1)


def movers(answer: Answer, rows: Sequence[Row], titles: Mapping[str, str]) -> str:
    """Return the table of what moves, a line for each unit; `titles` are those of lists."""
    others: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    elsewhere = {row.period for row in answer.rows} - {row.period for row in rows}
    for difference in answer.differences:
        if difference.period not in elsewhere:
            others[difference.unit, difference.unit_title].append(difference)
    lines = [line for line in _lines(rows, others, titles) if line]
    if not lines:
        return '<p class="wb-empty">没有单位变动。拖动左侧的滑块试试。</p>'
    head = "".join(
        f"<th scope=col>{name}</th>" for name in ("单位", "得分", "等次", "名次", "其他", "原因")
    )
    cut = (
        f'<p class="wb-note">只列前 {_MOST} 个，共 {len(lines)} 个。</p>'
        if len(lines) > _MOST
        else ""
    )
    return f"<table class=wb-movers><thead><tr>{head}</tr></thead><tbody>{''.join(lines[:_MOST])}</tbody></table>{cut}"


def _lines(
    rows: Sequence[Row], others: Mapping[tuple[str, str], Sequence[Difference]],
    titles: Mapping[str, str],
) -> Iterator[str]:  # fmt: skip
    seen = set()
    for row in sorted(rows, key=lambda r: (_rank(r), -_figure(r), r.title)):
        key = row.unit, row.title
        about = others.get(key, ())
        seen.add(row.unit)
        if row.moves or about:
            yield _line(row, about, titles)
    for (unit, title), about in others.items():
        if unit not in seen and any(d.kind not in _SHOWN_BY_ROW for d in about):
            yield _cells(title or "—", "", "", "", _others(about), _why(about))


def _line(row: Row, about: Sequence[Difference], titles: Mapping[str, str]) -> str:
    old, new = row.before, row.after
    points = _pair(_points(old), _points(new))
    band = _pair(old.band_title if old else "", new.band_title if new else "")
    rank = _pair(str(old.rank or "") if old else "", str(new.rank or "") if new else "")
    joined = (
        [f"＋{titles.get(name, name)}" for name in new.lists if not old or name not in old.lists]
        if new
        else []
    )
    left = (
        [f"－{titles.get(name, name)}" for name in old.lists if not new or name not in new.lists]
        if old
        else []
    )
    others = _others(about)
    listed = "".join(f'<span class="chip">{escape(word)}</span>' for word in (*joined, *left))
    return _cells(row.title, points, band, rank, listed + others, _why(about))


def _cells(title: str, points: str, band: str, rank: str, others: str, why: str) -> str:
    return (
        f"<tr><th scope=row>{escape(title)}</th><td>{points}</td><td>{band}</td><td>{rank}</td>"
        f"<td>{others}</td><td class=why>{why}</td></tr>"
    )


def _points(side: Side | None) -> str:
    if side is None:
        return ""
    return str(side.points) if side.points is not None else "未评定"


def _pair(old: str, new: str) -> str:
    if old == new:
        return f"<span class=same>{escape(new) or '—'}</span>"
    return f'<span style="color:{_DIM}">{escape(old) or "—"}</span> → <b>{escape(new) or "—"}</b>'


_DIM = "#66757d"


def _others(about: Sequence[Difference]) -> str:
    """Return the decisions besides the unit's standing that come, go or change, counted by title."""
    counted: dict[tuple[str, str], int] = {}
    for d in about:
        if d.kind in _SHOWN_BY_ROW:
            continue
        said = d.after or d.before
        sign = "＋" if d.before is None else "－" if d.after is None else "改"
        key = sign, said.title if said is not None else d.rule
        counted[key] = counted.get(key, 0) + 1
    return "".join(
        f'<span class="chip">{sign}{escape(title)}{f" ×{n}" if n > 1 else ""}</span>'
        for (sign, title), n in counted.items()
    )


def _why(about: Sequence[Difference]) -> str:
    """Return the reasons, each once, the most telling first."""
    reasons = list(dict.fromkeys(word for d in about for word in d.why))
    shown = "；".join(reasons[:2])
    return f'<span title="{escape("；".join(reasons))}">{escape(shown)}{"…" if len(reasons) > 2 else ""}</span>'
