"""What the generated kernels share: factors of a small matrix, and one step of a stiff method.

The stiff method is RODAS (Hairer and Wanner, Solving Ordinary Differential Equations II, section VI.4): six stages,
fourth order, L-stable, stiffly accurate. One matrix is factored in a step.
"""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import inline

GAMMA = 0.25
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
