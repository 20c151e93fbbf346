"""Background and noise of a channel from the dark part of its pixels, tile by tile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter

TILE = 64
"""Side of a tile (px): several cells wide, far smaller than the unevenness of light."""
STRIDE = 2
"""Every so many rows and columns are looked at: 1,024 pixels of a tile are enough for its quantiles."""
QUANTILES = (0.10, 0.35)
"""Taken for background: up to two thirds of a tile may be cells."""
NORMAL = (-1.2815515655446004, -0.38532046640756773)
"""The same quantiles of a standard normal."""


@dataclass(frozen=True)
class Background:
    """``grid``: background level by tile, float64 ``[rows, columns]``; ``noise``: sd of a pixel of the background."""

    grid: np.ndarray
    noise: float

    def image(self, shape: tuple[int, ...]) -> np.ndarray:
        """The background at every pixel, float64 ``[y, x]``: bilinear between the centres of tiles."""
        places = [
            np.clip((np.arange(n) + 0.5) * m / n - 0.5, 0.0, m - 1.0)
            for n, m in zip(shape, self.grid.shape, strict=True)
        ]
        low = [np.floor(p).astype(int) for p in places]
        high = [np.minimum(a + 1, m - 1) for a, m in zip(low, self.grid.shape, strict=True)]
        fy, fx = (p - a for p, a in zip(places, low, strict=True))
        above = self.grid[low[0]][:, low[1]] * (1 - fx) + self.grid[low[0]][:, high[1]] * fx
        below = self.grid[high[0]][:, low[1]] * (1 - fx) + self.grid[high[0]][:, high[1]] * fx
        return np.asarray(above * (1 - fy[:, None]) + below * fy[:, None])


def background(channel: np.ndarray, tile: int = TILE) -> Background:
    """Level and noise of the background of one channel ``[y, x]``.

    In each tile two low quantiles of the pixels are taken to be those of a normal distribution, whose mean and spread
    follow: cells above do not shift them as they shift a median. A tile that cells fill is mended by its neighbours
    (median of nine). A channel whose dark part is flat (0, or clipped) has the noise of rounding.
    """
    height, width = channel.shape
    rows, columns = max(1, round(height / tile)), max(1, round(width / tile))
    ys, xs = np.linspace(0, height, rows + 1).astype(int), np.linspace(0, width, columns + 1).astype(int)
    found = np.empty((2, rows, columns))
    for r in range(rows):
        strip = channel[ys[r] : ys[r + 1] : STRIDE]
        for c in range(columns):
            pixels = strip[:, xs[c] : xs[c + 1] : STRIDE].ravel()
            ranks = [int(q * (pixels.size - 1)) for q in QUANTILES]
            found[:, r, c] = np.partition(pixels, ranks)[ranks]
    spread = (found[1] - found[0]) / (NORMAL[1] - NORMAL[0])
    noise = max(float(np.median(spread)), 1.0 / np.sqrt(12.0))
    level = found[1] - NORMAL[1] * np.minimum(spread, 3.0 * noise)
    grid = median_filter(level, size=3, mode="nearest") if min(rows, columns) > 1 else level
    return Background(np.ascontiguousarray(grid), noise)
