"""Gradients at voxels against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from diaspore.fields.gradient import gradient


@pytest.mark.parametrize("shape", [(4, 5, 6), (1, 5, 6), (1, 1, 6), (2, 3, 2)])
def test_gradient(shape: tuple[int, int, int]) -> None:
    u = np.random.default_rng(1).random(shape)
    expected = [np.gradient(u, 7.0, axis=a) if n > 1 else np.zeros(shape) for a, n in enumerate(shape)]
    for v in range(u.size):
        found = gradient(u.ravel(), v, np.array(shape), 7.0)
        assert found == pytest.approx([expected[a].ravel()[v] for a in (2, 1, 0)])
