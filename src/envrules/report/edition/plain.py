"""The edition as text, in Markdown that reads well without being rendered."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.report.edition import outline
from envrules.report.edition.clauses import labels_of
from envrules.report.edition.model import Clause, Edition, Entry, Tuned
from envrules.report.edition.phrases import in_text


def as_text(edition: Edition) -> str:
    """Return the whole edition."""
    return "\n".join((*_cover(edition), *_Chapters(edition).all())) + "\n"


def _cover(edition: Edition) -> Iterator[str]:
    yield f"# {edition.title} 规则读本"
    yield ""
    yield f"依据：{'、'.join(map(outline.described, edition.sources))}"
    yield f"方案代号：{edition.slug}，规则文件：{edition.file}，版本 {edition.revision}，时区 {edition.timezone}"
    yield outline.summary(edition)
    yield ""
    yield from (f"- {in_text(spans)}：{meaning}" for spans, meaning in outline.LEGEND)


class _Chapters:
    """Writes the chapters of one edition, line by line."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.sources = {source.key: source for source in edition.sources}

    def all(self) -> Iterator[str]:
        """Yield the lines of all chapters, in their order."""
        for key, title in outline.CHAPTERS.items():
            yield from ("", f"## {title}")
            yield from getattr(self, key)()

    def clauses(self) -> Iterator[str]:
        for source in self.edition.sources:
            for clause in self.edition.clauses:
                if clause.source == source:
                    yield from ("", f"### {outline.titled(source)}{clause.label}", "")
                    yield from self._clause(clause)

    def _clause(self, clause: Clause) -> Iterator[str]:
        for entry in clause.rules:
            yield from self._entry(entry)
        for tuned in clause.parameters:
            yield f"- 数值：{tuned.title} {_values(tuned)}"
        for kind, entries in outline.by_kind(clause.terms):
            yield f"- 用语：{kind}{''.join(f'“{entry.title}”' for entry in entries)}"

        if clause.also:
            yield f"- 另有依据本条的：{'、'.join(entry.title for entry in clause.also)}"

    def _entry(self, entry: Entry) -> Iterator[str]:
        said = "".join(map(in_text, entry.told)) + _reason(entry)
        yield f"- 【{entry.kind}】{entry.title}" + (f"：{said}" if said else "")
        several = len(labels_of(entry.ref)) > 1
        clauses = f"依据 {outline.cited(entry.ref, self.sources)}" if several else ""
        meta = (clauses, self._proof(entry), entry.id, entry.location)
        yield f"  （{'；'.join(filter(None, meta))}）"

    def defaults(self) -> Iterator[str]:
        yield ""
        whole = [entry for entry in self.edition.rules if not entry.ref]
        for entry in whole:
            yield from self._entry(entry)
        for entry in self.edition.silent:
            if entry not in whole:
                what = f" {_values(entry)}" if isinstance(entry, Tuned) else ""
                clause = f"（{outline.cited(entry.ref, self.sources)}）" if entry.ref else ""
                yield f"- {entry.title}{clause}{what}：{entry.reason}"

    def contradictions(self) -> Iterator[str]:
        yield ""
        for entry in self.edition.contradictions:
            yield f"- {entry.title}：{entry.contradiction}现取：{_values(entry)}。用于：{self._uses(entry)}。"
        if not self.edition.contradictions:
            yield outline.NO_CONTRADICTIONS

    def parameters(self) -> Iterator[str]:
        yield ""
        for entry in self.edition.parameters:
            parts = (self._origin(entry), f"用于：{self._uses(entry)}", self._proof(entry))
            said = "；".join(filter(None, parts))
            yield f"- {entry.title}（{outline.code_of(entry)}）{_values(entry)}：{said}"

    def terms(self) -> Iterator[str]:
        for kind, entries in outline.by_kind(self.edition.terms):
            yield from ("", f"### {kind}", "")
            for entry in entries:
                name = entry.title
                if outline.code_of(entry) != name:
                    name += f"（{outline.code_of(entry)}）"
                parts = (*map(in_text, entry.told), self._origin(entry), self._proof(entry))
                yield f"- {name}：{'；'.join(filter(None, parts))}"

    def cases(self) -> Iterator[str]:
        yield ""
        if self.edition.cases is None:
            yield outline.NO_CASES
            return
        titles = {entry.id: entry.title for entry in self.edition.rules}
        for case in self.edition.cases:
            proves = "、".join(titles[name] for name in titles if name in case.proves)
            parts = (
                outline.cited(case.ref, self.sources),
                f"印证：{proves}",
                "符合" if case.passed else "不符",
            )
            yield f"{case.number}. {case.name}（{'；'.join(filter(None, parts))}）"

    def signature(self) -> Iterator[str]:
        yield from ("", outline.notice(self.edition), "")
        yield from (f"{name}：________________" for name in outline.SIGNATURES)

    # ── what chapters share ──

    def _proof(self, entry: Entry) -> str:
        numbers = self.edition.proofs.get(entry.id, ())
        return f"案例 {outline.ranges(numbers)}" if numbers else ""

    def _uses(self, entry: Tuned) -> str:
        users = self.edition.uses.get(outline.code_of(entry), ())
        return "、".join(user.title for user in users)

    def _origin(self, entry: Entry) -> str:
        clause = outline.cited(entry.ref, self.sources)
        return clause + _reason(entry)


def _reason(entry: Entry) -> str:
    return f"〔本地默认：{entry.reason}〕" if entry.reason else ""


def _values(entry: Tuned) -> str:
    return "，".join(f"{since} {value}".strip() for since, value in entry.values)
