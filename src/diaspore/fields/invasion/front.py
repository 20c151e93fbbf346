"""Where a front is."""

from __future__ import annotations

import math

import numpy as np

from diaspore.fields.grid import Grid


def farthest_crossing(u: np.ndarray, level: float, x: np.ndarray) -> float:
    """The largest x at which ``u`` passes ``level``, linear between centres; nan where it never does."""
    above = u > level
    at = np.flatnonzero(above[:-1] != above[1:])
    if len(at) == 0:
        return math.nan
    i = at[-1]
    return float(x[i] + (level - u[i]) / (u[i + 1] - u[i]) * (x[i + 1] - x[i]))


def place_of(u: np.ndarray, level: float, grid: Grid, *, disc: bool) -> float:
    """Place of a front in ``u`` (ny, nx): see `Invasion.place`."""
    x = grid.centres(2)
    if not disc:
        places = [farthest_crossing(row, level, x) for row in u]
        return float(np.mean(places))
    area = _area_above(u, level, grid.spacing)
    whole = u.size * grid.spacing**2
    if area in (0.0, whole):
        return math.nan
    # What is watched may be the tumour, or tissue that is missing where the tumour is: that side which lies within.
    edge = np.concatenate([u[0], u[-1], u[:, 0], u[:, -1]])
    within = whole - area if np.mean(edge > level) > 0.5 else area
    return math.sqrt(within / math.pi)


def _area_above(u: np.ndarray, level: float, spacing: float) -> float:
    """Area where ``u`` > ``level``: between centres in x the share of the way, and the outer halves of a row."""
    above = u > level
    left, right = u[:, :-1], u[:, 1:]
    differs = above[:, :-1] != above[:, 1:]
    way = np.where(differs, (level - left) / np.where(differs, right - left, 1.0), 0.0)
    part = np.where(differs, np.where(above[:, :-1], way, 1.0 - way), above[:, :-1].astype(float))
    total = part.sum() + 0.5 * (above[:, 0].sum() + above[:, -1].sum())
    return float(total * spacing**2)


def fitted_speed(time: np.ndarray, place: np.ndarray) -> float:
    """Slope of place over time by least squares over the later half of the times with a front; nan below 3 of them."""
    known = np.isfinite(place)
    time, place = time[known], place[known]
    if len(time) == 0:
        return math.nan
    late = time >= 0.5 * (time[0] + time[-1])
    if late.sum() < 3:
        return math.nan
    t, x = time[late] - time[late].mean(), place[late] - place[late].mean()
    return float(np.sum(t * x) / np.sum(t * t))
