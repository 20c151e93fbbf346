"""Arrays on a grid seen as lanes along one axis, so that one kernel serves all axes."""

from __future__ import annotations

import math

import numpy as np


def lanes(values: np.ndarray, axis: int) -> np.ndarray:
    """View (..., outer, n, inner) of contiguous values (..., nz, ny, nx): a lane is ``[..., o, :, i]``.

    ``axis`` is 0 for z, 1 for y, 2 for x.
    """
    shape = values.shape[-3:]
    view = values.view()
    view.shape = (*values.shape[:-3], math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :]))
    return view
