"""Work space of a batch: what a patient's course needs and what outlives no patient."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diaspore.core.jit import kernel


class Work(NamedTuple):
    """What has a fixed size is a record; only what grows with the number of lesions that fit (L) is an array."""

    space: np.ndarray  # (1,) SPACE
    open_vessels: np.ndarray  # (1,) BLOOD_TABLE narrowed to founders that are followed
    candidates: np.ndarray  # (L,) day of the next candidate founder of every lesion
    pending: np.ndarray  # (L,) the lesions whose day comes within the panel


@kernel
def new_work(space, open_vessels, room):
    """Work space for ``room`` lesions."""
    return Work(space, open_vessels, np.zeros(room), np.zeros(room, dtype=np.int64))
