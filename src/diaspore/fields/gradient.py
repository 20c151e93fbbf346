"""Gradient of a substance at a voxel: central differences, one-sided at the ends of an axis."""

from __future__ import annotations

from diaspore.core.jit import inline


@inline
def slope(u, v, position, n, stride, spacing):
    """Derivative along an axis at voxel ``v``: central, one-sided at the ends."""
    if n == 1:
        return 0.0
    low = v - stride if position > 0 else v
    high = v + stride if position < n - 1 else v
    wide = 2.0 if 0 < position < n - 1 else 1.0
    return (u[high] - u[low]) / (wide * spacing)


@inline
def gradient(u, v, shape, spacing):
    """Gradient (x, y, z) of a substance (flat) at voxel ``v``, level per um."""
    ny, nx = shape[1], shape[2]
    gx = slope(u, v, v % nx, nx, 1, spacing)
    gy = slope(u, v, v // nx % ny, ny, nx, spacing)
    gz = slope(u, v, v // (nx * ny), shape[0], nx * ny, spacing)
    return gx, gy, gz
