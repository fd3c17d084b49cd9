"""The chapters of the edition, and the words around them, for every way of writing it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from envrules.report.edition.model import Edition, Entry, Source
from envrules.report.edition.phrases import Phrase, Span

CHAPTERS = {
    "clauses": "一、逐条说明",
    "defaults": "二、本地默认（原文未写）",
    "contradictions": "三、原文自相矛盾之处",
    "parameters": "四、可调数值",
    "terms": "五、用语",
    "cases": "六、案例",
    "signature": "七、审核签署",
}

LEGEND: tuple[tuple[Phrase, str], ...] = (
    ((Span("数值", "value"),), "原文所定、可以按日期调整的数值"),
    ((Span("数值", "local"),), "原文未写，由本方案定的数值，理由见第二章"),
    ((Span("取法", "contradicted"),), "原文前后不一，本方案取其一，见第三章"),
    ((Span("做法", "general"),), "规则文件未写，按同类规则的通常做法"),
)

SIGNATURES = ("审核单位", "审核人", "审核意见", "签署日期")

ABOVE = "见第一章"
NO_CASES = "生成本稿时未附案例。"
NO_CONTRADICTIONS = "规则文件没有记下原文自相矛盾之处。"


def summary(edition: Edition) -> str:
    """Return what the edition holds, in figures."""
    local = sum(1 for entry in edition.parameters if entry.reason)
    told = (
        f"共 {len(edition.rules)} 条规则，{len(edition.parameters)} 项可调数值，"
        f"其中 {local} 项原文未写；原文自相矛盾 {len(edition.contradictions)} 处。"
    )
    if edition.cases is None:
        return told + NO_CASES
    failed = sum(1 for case in edition.cases if not case.passed)
    verdict = f"其中 {failed} 个不符" if failed else "全部符合"
    return f"{told}案例 {len(edition.cases)} 个，{verdict}。"


def notice(edition: Edition) -> str:
    """Return what the signature is about."""
    return f"本稿由规则文件生成，版本 {edition.revision}。规则一改，版本即变，须重新审核。"


def titled(source: Source) -> str:
    """Return a document's title as it is cited."""
    return f"《{source.title}》"


def described(source: Source) -> str:
    """Return a document's title, and where it is kept."""
    where = " ".join(filter(None, (source.document, source.part)))
    return f"{titled(source)}（文件 {where}）"


def cited(ref: str, sources: Mapping[str, Source]) -> str:
    """Return a clause as people cite it; with its document where there are several.

    A reference that names no document of the ruleset is returned as it is.
    """
    key, _, clause = ref.partition(" ")
    if key not in sources:
        return ref
    return clause if len(sources) == 1 else f"{titled(sources[key])}{clause}"


def by_kind(entries: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    """Return entries in groups of one kind, in their order."""
    return [(kind, list(group)) for kind, group in groupby(entries, key=lambda entry: entry.kind)]


def code_of(entry: Entry) -> str:
    """Return the key of a parameter or a word: what events and operators call it."""
    return entry.id.partition(".")[2]


def ranges(numbers: Sequence[int]) -> str:
    """Return ascending numbers with neighbours drawn together: 1、3—5."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return "、".join(f"{run[0]}—{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
