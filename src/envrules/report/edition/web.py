"""The edition as one HTML page: no script, nothing fetched, laid out for A4 as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files

from envrules.report.edition import outline
from envrules.report.edition.clauses import labels_of
from envrules.report.edition.model import Clause, Edition, Entry, Tuned
from envrules.report.edition.phrases import MARKS, Mark, Phrase, Span
from envrules.report.markup import Html, css_string, el, together

_STYLE = files(__package__).joinpath("edition.css").read_text(encoding="utf-8")


def as_html(edition: Edition) -> str:
    """Return the whole page."""
    title = f"{edition.title} 规则读本"
    running = f"@page {{ @top-left {{ content: {css_string(title)}; }} }}"
    head = el(
        "head",
        Html('<meta charset="utf-8">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        el("title", title),
        el("style", Html(_STYLE + running)),
    )
    body = el("body", _cover(edition), el("main", *_Chapters(edition).all()))
    return f"<!DOCTYPE html>\n{el('html', head, body, lang='zh-CN')}\n"


def _cover(edition: Edition) -> Html:
    facts = (
        ("依据", together(*(el("div", outline.described(source)) for source in edition.sources))),
        ("方案代号", el("code", edition.slug)),
        ("规则文件", el("code", edition.file)),
        ("版本", el("code", edition.revision)),
        ("时区", edition.timezone),
    )
    rows = (together(el("dt", name), el("dd", value)) for name, value in facts)
    legend = (el("li", _told(spans), f"：{meaning}") for spans, meaning in outline.LEGEND)
    chapters = outline.CHAPTERS.items()
    contents = (el("li", el("a", title, href=f"#{key}")) for key, title in chapters)
    return el(
        "header",
        el("p", "规则读本", class_="series"),
        el("h1", edition.title),
        el("dl", *rows),
        el("p", outline.summary(edition), class_="summary"),
        el("ul", *legend, class_="legend"),
        el("ul", *contents, class_="contents"),
    )


class _Chapters:
    """Writes the chapters of one edition."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.sources = {source.key: source for source in edition.sources}

    def all(self) -> Iterator[Html]:
        """Yield the chapters, in their order."""
        for key, title in outline.CHAPTERS.items():
            yield el("section", el("h2", title), *getattr(self, key)(), id=key, class_="chapter")

    def clauses(self) -> Iterator[Html]:
        for source in self.edition.sources:
            yield el("h3", outline.titled(source))
            for clause in self.edition.clauses:
                if clause.source == source:
                    yield self._clause(clause)

    def _clause(self, clause: Clause) -> Html:
        body = [self._entry(entry) for entry in clause.rules]
        if clause.parameters:
            values = (
                together(_link(entry.anchor, entry.title), " ", _values(entry, "，"))
                for entry in clause.parameters
            )
            body.append(el("p", "数值：", *_between(values, "；"), class_="aside"))
        if clause.terms:
            words = (
                f"{kind}{''.join(f'“{entry.title}”' for entry in entries)}"
                for kind, entries in outline.by_kind(clause.terms)
            )
            body.append(el("p", "用语：", *_between(words, "；"), class_="aside"))
        if clause.also:
            others = _between((_link(e.anchor, e.title) for e in clause.also), "、")
            body.append(el("p", "另有依据本条的：", *others, class_="aside"))
        label = el("div", clause.label, class_="label")
        return el("section", label, el("div", *body), class_="clause")

    def _entry(self, entry: Entry) -> Html:
        body = [el("h4", el("span", entry.kind, class_="kind"), entry.title)]
        body += [el("p", _told(told)) for told in entry.told]
        if entry.reason:
            body.append(el("p", _tag("local"), entry.reason, class_="reason"))
        meta = (
            self._clauses_of(entry),
            self._proof(entry),
            el("code", entry.id),
            el("code", entry.location),
        )
        body.append(el("p", *_between(filter(None, meta), " · "), class_="meta"))
        bare = "" if entry.told or entry.reason else " bare"
        return el("article", *body, id=entry.anchor, class_=f"entry{bare}")

    def defaults(self) -> Iterator[Html]:
        whole = [entry for entry in self.edition.rules if not entry.ref]
        yield from (self._entry(entry) for entry in whole)
        others = [entry for entry in self.edition.silent if entry not in whole]
        yield _table(
            ("事项", "默认", "理由", "有关条款"),
            [
                (
                    _link(entry.anchor, entry.title),
                    _default(entry),
                    entry.reason,
                    self._clause_of(entry),
                )
                for entry in others
            ],
        )

    def contradictions(self) -> Iterator[Html]:
        for entry in self.edition.contradictions:
            yield el(
                "article",
                el("h4", _tag("contradicted"), entry.title),
                el("p", entry.contradiction),
                el(
                    "p",
                    "现取：",
                    el("strong", _values(entry, "，")),
                    "。用于：",
                    self._uses(entry),
                    "。",
                ),
                class_="entry contradiction",
            )
        if not self.edition.contradictions:
            yield el("p", outline.NO_CONTRADICTIONS)

    def parameters(self) -> Iterator[Html]:
        entries = self.edition.parameters
        yield _table(
            ("名称", "数值", "出处", "用于", "案例"),
            [
                (
                    _named(entry), _values(entry, "；"), self._origin(entry), self._uses(entry),
                    self._proof(entry),
                )
                for entry in entries
            ],
            [entry.anchor for entry in entries],
        )  # fmt: skip

    def terms(self) -> Iterator[Html]:
        for kind, entries in outline.by_kind(self.edition.terms):
            yield el("h3", kind)
            yield _table(
                ("用语", "性质", "出处", "案例"),
                [
                    (_named(entry), _what(entry), self._origin(entry), self._proof(entry))
                    for entry in entries
                ],
                [entry.anchor for entry in entries],
            )

    def cases(self) -> Iterator[Html]:
        cases = self.edition.cases
        if cases is None:
            yield el("p", outline.NO_CASES)
            return
        titles = {entry.id: entry.title for entry in self.edition.rules}
        yield _table(
            ("例", "内容", "出处", "印证的规则", "结果"),
            [
                (
                    str(case.number), case.name, outline.cited(case.ref, self.sources),
                    "、".join(titles[name] for name in titles if name in case.proves),
                    "符合" if case.passed else el("strong", "不符"),
                )
                for case in cases
            ],
            [f"case-{case.number}" for case in cases],
        )  # fmt: skip

    def signature(self) -> Iterator[Html]:
        yield el("p", outline.notice(self.edition))
        blanks = (together(el("dt", name), el("dd")) for name in outline.SIGNATURES)
        yield el("dl", *blanks, class_="signature")

    # ── what chapters share ──

    def _proof(self, entry: Entry) -> str:
        numbers = self.edition.proofs.get(entry.id, ())
        return _link(f"case-{numbers[0]}", f"案例 {outline.ranges(numbers)}") if numbers else ""

    def _uses(self, entry: Tuned) -> Html:
        users = self.edition.uses.get(outline.code_of(entry), ())
        return together(*_between((_link(user.anchor, user.title) for user in users), "、"))

    def _clause_of(self, entry: Entry) -> str:
        return outline.cited(entry.ref, self.sources)

    def _clauses_of(self, entry: Entry) -> str:
        several = len(labels_of(entry.ref)) > 1
        return f"依据 {self._clause_of(entry)}" if several else ""

    def _origin(self, entry: Entry) -> Html:
        own = [_tag("local"), entry.reason] if entry.reason else []
        return together(self._clause_of(entry), *own)


def _told(told: Phrase) -> Html:
    return together(*map(_span, told))


def _span(span: Span) -> Html:
    if span.mark == "plain":
        return together(span.text)
    text = _link(f"parameters.{span.parameter}", span.text) if span.parameter else span.text
    return el("span", text, _tag(span.mark), class_=span.mark)


def _tag(mark: Mark) -> Html:
    return el("span", MARKS[mark], class_=f"tag {mark}") if mark in MARKS else Html()


def _link(target: str, text: str) -> Html:
    return el("a", text, href=f"#{target}")


def _named(entry: Entry) -> Html:
    code = outline.code_of(entry)
    return (
        together(entry.title)
        if code == entry.title
        else together(entry.title, " ", el("code", code))
    )


def _what(entry: Entry) -> Html:
    """Return what an entry amounts to in a cell of a table."""
    if isinstance(entry, Tuned):
        return _values(entry, "；")
    return together(*map(_told, entry.told))


def _default(entry: Entry) -> Html:
    """Return our default in a cell; a rule that has a clause as well is told there."""
    if entry.ref and not isinstance(entry, Tuned):
        return _link(entry.anchor, outline.ABOVE)
    return _what(entry)


def _values(entry: Tuned, sign: str) -> Html:
    return together(*_between((f"{since} {value}".strip() for since, value in entry.values), sign))


def _between(parts: Iterable[str], sign: str) -> Iterator[str]:
    for i, part in enumerate(parts):
        if i:
            yield sign
        yield part


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], ids: Sequence[str] | None = None
) -> Html:
    """Return a table; a column in which nothing stands is left out."""
    kept = [i for i in range(len(heads)) if any(row[i] for row in rows)]
    names = ids or [""] * len(rows)
    head = el("tr", *(el("th", heads[i]) for i in kept))
    body = (
        el("tr", *(el("td", row[i]) for i in kept), id=name)
        for name, row in zip(names, rows, strict=True)
    )
    return el("table", el("thead", head), el("tbody", *body)) if rows else Html()
