"""Numbers in sentences: the same words in messages, tables and pictures."""

from __future__ import annotations

import math


def counted(count: float, one: str, many: str | None = None) -> str:
    """'1 lesion', '3 lesions', '2,000 patients'; `many` for plurals that do not end in s."""
    return f"{count:,.0f} {one if count == 1 else many or one + 's'}"


def whole_years(age_y: float) -> int:
    """Completed years of life, as ages are told."""
    # A day of grace: 67 years written as days and read back must not become 66.
    return math.floor(age_y + 0.5 / 365.25)
