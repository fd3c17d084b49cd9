"""Appeals: how long a decision may be disputed."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from envrules.kinds.common import ParamRef, Sourced
from envrules.kinds.compiled import Parameter
from envrules.model.values import Citation


class AppealsSpec(Sourced):
    """An appeal counts only if it is filed within the limit from what it disputes."""

    within: ParamRef = Field(
        description="limit, from the decision or event disputed; of a figure from the close"
    )


@dataclass(frozen=True, slots=True)
class AppealLimit:
    """Compiled `appeals` section."""

    citation: Citation
    within: Parameter
