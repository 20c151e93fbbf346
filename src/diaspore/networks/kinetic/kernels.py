"""What the generated kernels share: factors of a small matrix, and one step of a stiff method.

The stiff method is RODAS (Hairer and Wanner, Solving Ordinary Differential Equations II, section VI.4): six stages,
fourth order, L-stable, stiffly accurate. One matrix is factored in a step.
"""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import inline

GAMMA = 0.25
ACCURATE = 0.01
"""Estimated error of a step of RODAS, as a share of the amount, above which it is redone in halves."""
HALVED = 1 << 20
"""The shortest part of a step that is tried."""
MOST_PARTS = 20_000  # of one step
_TRACE = 1e-6  # amounts below this share of the largest count as so much: their errors do not matter
A = np.array(
    [
        [0.0, 0.0, 0.0, 0.0],
        [1.544, 0.0, 0.0, 0.0],
        [0.9466785280815826, 0.2557011698983284, 0.0, 0.0],
        [3.314825187068521, 2.896124015972201, 0.9986419139977817, 0.0],
        [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950],
    ]
)
C = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [-5.6688, 0.0, 0.0, 0.0, 0.0],
        [-2.430093356833875, -0.2063599157091915, 0.0, 0.0, 0.0],
        [-0.1073529058151375, -9.594562251023355, -20.47028614809616, 0.0, 0.0],
        [7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160, 0.0],
        [8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054],
    ]
)
ALPHA = np.array([0.0, 0.386, 0.21, 0.63, 1.0, 1.0])
D = np.array([0.25, -0.1043, 0.1035, -0.03620000000000023, 0.0, 0.0])


@inline
def factored(matrix, order):
    """Replace a matrix by its factors, rows exchanged for the largest pivot; False where it has none."""
    n = matrix.shape[0]
    for k in range(n):
        best, row = abs(matrix[k, k]), k
        for i in range(k + 1, n):
            if abs(matrix[i, k]) > best:
                best, row = abs(matrix[i, k]), i
        order[k] = row
        if not best > 0.0:
            return False
        if row != k:
            for j in range(n):
                matrix[k, j], matrix[row, j] = matrix[row, j], matrix[k, j]
        for i in range(k + 1, n):
            if matrix[i, k] != 0.0:
                factor = matrix[i, k] / matrix[k, k]
                matrix[i, k] = factor
                for j in range(k + 1, n):
                    matrix[i, j] -= factor * matrix[k, j]
    return True


@inline
def solved(matrix, order, b):
    """Replace the right-hand side by the solution, with what `factored` left."""
    n = matrix.shape[0]
    for k in range(n):
        row = order[k]
        if row != k:
            b[k], b[row] = b[row], b[k]
    for i in range(1, n):
        total = b[i]
        for j in range(i):
            total -= matrix[i, j] * b[j]
        b[i] = total
    for i in range(n - 1, -1, -1):
        total = b[i]
        for j in range(i + 1, n):
            total -= matrix[i, j] * b[j]
        b[i] = total / matrix[i, i]


@inline
def within(t, lowest, highest):
    """A time kept inside of an interval, so that no stage looks across the moment at which something switches."""
    return min(max(t, lowest), highest)


@inline
def same(a, b):
    """Whether two vectors are equal."""
    for i in range(a.shape[0]):  # noqa: SIM110 - a loop, which is compiled
        if a[i] != b[i]:
            return False
    return True


@inline
def finite(a):
    """Whether every number is finite."""
    for i in range(a.shape[0]):  # noqa: SIM110 - a loop, which is compiled
        if not np.isfinite(a[i]):
            return False
    return True


@inline
def error_of(difference, old, new):
    """The largest of some differences, each over the amount of its species before or after the step."""
    most = 0.0
    for i in range(new.shape[0]):
        most = max(most, abs(new[i]))
    worst = 0.0
    for i in range(new.shape[0]):
        scale = max(abs(old[i]), abs(new[i]), _TRACE * most)
        share = abs(difference[i]) / scale if scale > 0.0 else 0.0
        if not share <= worst:
            worst = share
    return worst


@inline
def wild(h, first, second, third, old, new):
    """Whether a step of the classical method is too long, by its first three slopes.

    For a decay at the rate k they differ by ``h k / 2`` times as much from second to third as from first to second, and
    the method is stable up to h k = 2.78. Differences that change amounts little are left out.
    """
    most = 0.0
    for i in range(new.shape[0]):
        most = max(most, abs(old[i]))
    before = after = 0.0
    for i in range(new.shape[0]):
        scale = abs(old[i]) if abs(old[i]) > _TRACE * most else max(abs(new[i]), _TRACE * most)
        if scale > 0.0:
            before = max(before, h * abs(second[i] - first[i]) / scale)
            after = max(after, h * abs(third[i] - second[i]) / scale)
    return after > 0.5 and after > 1.3 * before
