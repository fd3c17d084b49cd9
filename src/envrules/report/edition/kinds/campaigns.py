"""Campaigns: windows of days."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.campaigns import CampaignSpec
from envrules.report.edition.model import Entry
from envrules.report.edition.phrases import Phrase, phrase
from envrules.report.edition.say import Say


def tell_campaigns(say: Say) -> Iterator[Entry]:
    """Tell from which day until which each campaign runs."""
    for name, campaign in say.spec.campaigns.items():
        yield say.entry("期间", ("campaigns", name), campaign, _window(say, campaign))


def _window(say: Say, campaign: CampaignSpec) -> Phrase:
    if campaign.before is not None and campaign.lasts is not None:
        before, lasts = say.value(campaign.before), say.value(campaign.lasts)
        return phrase("{}之前的{}，不含当日。", before, lasts)
    assert campaign.starts is not None
    starts = say.value(campaign.starts)
    if campaign.until is not None:
        return phrase("自{}起，至{}止，首尾两日都在内。", starts, say.value(campaign.until))
    assert campaign.lasts is not None
    return phrase("自{}起{}，首日在内，期满之日不在内。", starts, say.value(campaign.lasts))
