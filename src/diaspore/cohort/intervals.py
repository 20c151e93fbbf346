"""The 95 % interval of a share, the one that tables, comparisons, predictions and pictures use."""

from __future__ import annotations

from typing import Any

import numpy as np

Z95 = 1.959963984540054


def wilson(count: Any, total: Any) -> tuple[Any, Any]:
    """Limits of the 95 % Wilson interval of shares ``count / total``: numbers or arrays; nan when there is nobody.

    ``count`` and ``total`` may be fractional: effective numbers of patients.
    """
    n = np.asarray(total, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        p, z2 = np.asarray(count, dtype=float) / n, Z95**2 / n
        middle = (p + z2 / 2) / (1 + z2)
        half = Z95 * np.sqrt(p * (1 - p) / n + z2 / (4 * n)) / (1 + z2)
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
