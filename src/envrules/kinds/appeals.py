"""Appeals: how long a decision may be disputed."""

from __future__ import annotations

from dataclasses import dataclass

from envrules.kinds.common import ParamRef, Sourced
from envrules.kinds.compiled import Parameter
from envrules.model.values import Citation


class AppealsSpec(Sourced):
    """An appeal counts only if it is filed within the limit from what it disputes."""

    within: ParamRef


@dataclass(frozen=True, slots=True)
class AppealLimit:
    """Compiled `appeals` section."""

    citation: Citation
    within: Parameter
