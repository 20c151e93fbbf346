"""Background off and noise down, in one pass over a channel."""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import inline, kernel


@inline
def level(grid, y, x, tile_y, tile_x):
    """Background at pixel (y, x): bilinear between the centres of tiles, level beyond the outer ones."""
    rows, columns = grid.shape
    v = min(max((y + 0.5) / tile_y - 0.5, 0.0), rows - 1.0)
    u = min(max((x + 0.5) / tile_x - 0.5, 0.0), columns - 1.0)
    r, c = int(v), int(u)
    r1, c1 = min(r + 1, rows - 1), min(c + 1, columns - 1)
    fv, fu = v - r, u - c
    above = grid[r, c] * (1.0 - fu) + grid[r, c1] * fu
    below = grid[r1, c] * (1.0 - fu) + grid[r1, c1] * fu
    return above * (1.0 - fv) + below * fv


@kernel
def smoothed(image, grid):
    """A channel less its background, under the binomial window 1-4-6-4-1 (a Gaussian of 1 px) in both directions.

    ``image`` ``[y, x]`` of any number type, ``grid`` float64 background by tile; edges are repeated. float32 ``[y,
    x]``.
    """
    height, width = image.shape
    rows, columns = grid.shape
    tile_y, tile_x = height / rows, width / columns
    out = np.empty((height, width), np.float32)
    across = np.empty((5, width), np.float32)  # the last five rows, smoothed along x
    lines = np.empty((2, columns), np.float64)
    padded = np.empty(width + 4, np.float32)
    done = -1
    for y in range(height):
        while done < min(y + 2, height - 1):
            done += 1
            for x in range(width):
                padded[x + 2] = np.float32(image[done, x])
            padded[0] = padded[1] = padded[2]
            padded[width + 2] = padded[width + 3] = padded[width + 1]
            row = across[done % 5]
            for x in range(width):
                row[x] = (
                    np.float32(0.375) * padded[x + 2]
                    + np.float32(0.25) * (padded[x + 1] + padded[x + 3])
                    + np.float32(0.0625) * (padded[x] + padded[x + 4])
                )
        r0, r1 = across[max(y - 2, 0) % 5], across[max(y - 1, 0) % 5]
        r2 = across[y % 5]
        r3, r4 = across[min(y + 1, height - 1) % 5], across[min(y + 2, height - 1) % 5]
        v = min(max((y + 0.5) / tile_y - 0.5, 0.0), rows - 1.0)
        r = int(v)
        share = v - r
        for c in range(columns):
            lines[0, c] = grid[r, c] * (1.0 - share) + grid[min(r + 1, rows - 1), c] * share
        for c in range(columns + 1):  # between the centres of tiles the background is a straight line along x
            begin = 0 if c == 0 else min(width, int(np.ceil((c - 0.5) * tile_x - 0.5)))
            end = width if c == columns else min(width, int(np.ceil((c + 0.5) * tile_x - 0.5)))
            left = lines[0, max(c - 1, 0)]
            slope = np.float32((lines[0, min(c, columns - 1)] - left) / tile_x)
            start = np.float32(left - slope * ((c - 0.5) * tile_x - 0.5)) if 0 < c < columns else np.float32(left)
            if c == 0 or c == columns:
                slope = np.float32(0.0)
            for x in range(begin, end):
                out[y, x] = (
                    np.float32(0.375) * r2[x]
                    + np.float32(0.25) * (r1[x] + r3[x])
                    + np.float32(0.0625) * (r0[x] + r4[x])
                    - (start + slope * np.float32(x))
                )
    return out
