"""Ladders of slips, and deadlines: what runs from when until when."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.deadlines import DeadlineSpec
from envrules.kinds.ladders import LadderSpec, RungSpec
from envrules.kinds.lifecycle import WORDS
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, phrase
from envrules.report.edition.say import Say

STOPS = {"handled": "处置", "verified": "整改并经核查通过", "closed": "结案"}
_CLAIM = "反馈整改后核查通过的，按反馈之时算；核查不通过的，视为未办。"
_SERVICE = {"publication": "督办单公布即为送达", "receipt": "督办单以送达记录为准"}
_MERGED = {"unit": "同一单位", "rung": "同一级", "day": "同一天"}
_HOST = {"ignore": "平台自带的期限不作依据", "prefer": "平台另给期限的，以平台期限为准"}
_WITHOUT = {"no_deadline": "不评判是否按期", "on_time": "视为按期"}


def tell_ladders(say: Say) -> Iterator[Entry]:
    """Tell each ladder, and each of its rungs."""
    for name, ladder in say.spec.ladders.items():
        yield say.entry("督办", ("ladders", name), ladder, *_ladder(say, ladder))
        for i, rung in enumerate(ladder.rungs):
            yield say.entry(
                "督办", ("ladders", name, "rungs", i), rung, *_rung(say, ladder, i),
                id=f"ladders.{name}.{rung.id}", of=ladder.title,
            )  # fmt: skip


def _ladder(say: Say, ladder: LadderSpec) -> Iterator[Phrase]:
    titles = "".join(f"“{rung.title}”" for rung in ladder.rungs)
    yield phrase(
        "{}，自{}起，至{}为止，{}发{}。",
        say.where(ladder.where), say.chosen(ladder, "starts", WORDS),
        say.chosen(ladder, "stops", STOPS), "逐级" if len(ladder.rungs) > 1 else "", titles,
    )  # fmt: skip
    if ladder.stops == "verified":
        yield phrase(_CLAIM)
    if ladder.merge:
        yield phrase("{}的合为一份。", "、".join(_MERGED[word] for word in ladder.merge))
    if any(rung.after_service for rung in ladder.rungs) or "service" in ladder.model_fields_set:
        yield phrase("{}。", say.chosen(ladder, "service", _SERVICE))
    if ladder.direct_issue_by:
        yield phrase(
            "{}可以直接下发其中任何一级。", say.names("unit_types", ladder.direct_issue_by)
        )


def _rung(say: Say, ladder: LadderSpec, i: int) -> Iterator[Phrase]:
    rung = ladder.rungs[i]
    if rung.after is not None:
        begin, limit = f"{WORDS[ladder.starts]}后", rung.after
    elif rung.after_service is not None:
        begin, limit = f"“{ladder.rungs[i - 1].title}”送达后", rung.after_service
    else:
        begin, limit = "", ""
    if limit:
        yield phrase(
            "{}{}未{}的，发“{}”。", begin, say.within(limit), STOPS[ladder.stops], rung.title
        )
    else:
        yield phrase("{}即发“{}”。", WORDS[ladder.starts], rung.title)
    yield _measures(say, rung)


def _measures(say: Say, rung: RungSpec) -> Phrase:
    then = say.then(rung.then, rung.approve)
    return phrase("措施：{}。", then) if then else ()


def tell_deadlines(say: Say) -> Iterator[Entry]:
    """Tell each deadline."""
    for name, deadline in say.spec.deadlines.items():
        yield say.entry("期限", ("deadlines", name), deadline, *_deadline(say, deadline))


def _deadline(say: Say, deadline: DeadlineSpec) -> Iterator[Phrase]:
    where, stops = say.where(deadline.where), say.chosen(deadline, "stops", STOPS)
    starts = say.chosen(deadline, "starts", WORDS)
    if deadline.within is not None:
        yield phrase("{}，自{}起{}须{}。", where, starts, say.within(deadline.within), stops)
    else:
        yield phrase("{}，自{}起，须在平台所给期限内{}。", where, starts, stops)
    if deadline.stops == "verified":
        yield phrase(_CLAIM)
    yield phrase("{}。", say.chosen(deadline, "host_deadline", _HOST))
    if deadline.within is None:
        yield phrase("没有期限的，{}。", say.chosen(deadline, "without_limit", _WITHOUT))
    if deadline.only_if is not None:
        yield phrase("{}，评判是否按期；否则不评判。", say.if_on(deadline.only_if))
