"""Priority of issues by their tags, and the order in which units are taken up."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import joined, phrase
from envrules.report.edition.say import Say


def tell_priorities(say: Say) -> Iterator[Entry]:
    """Tell what each tag adds."""
    for i, item in enumerate(say.spec.priorities):
        tags = (phrase("“{}”加{}", tag, say.value(weight)) for tag, weight in item.tags.items())
        told = phrase("{}，按标签加权，各项相加：{}。", say.where(item.where), joined(tags))
        yield say.entry("优先", ("priorities", i), item, told, id=f"priorities.{item.id}")


def tell_sequences(say: Say) -> Iterator[Entry]:
    """Tell each order, and each of its keys."""
    for name, sequence in say.spec.sequences.items():
        units = say.names("unit_types", sequence.unit)
        keys = "".join(f"“{key.title}”" for key in sequence.by)
        told = f"各{units}依次按{keys}排先后，前一项相同的再看后一项；都相同的并列。"
        yield say.entry("次序", ("sequences", name), sequence, told)
        for i, key in enumerate(sequence.by):
            values = "→".join(key.values)
            told = f"按单位登记的“{key.attribute}”：{values}；没有登记或登记为其他的排在最后。"
            yield say.entry("次序", ("sequences", name, "by", i), key, told, of=sequence.title)
