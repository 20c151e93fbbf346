"""Counter-based random numbers: Philox4x32-10 keyed by (seed, entity, process, event).

A draw depends only on *what* it is for: the seed of the run, the persistent identity of the patient or lesion, the
process that asks, and the number of the event. It does not depend on threads, batches, restarts or on what other
processes drew. Two treatment arms with one seed therefore share every draw that the treatment does not touch.

Source: Salmon, Moraes, Dror, Shaw 2011 (key ``salmon2011``); the known-answer vectors of that paper's library are in
the tests. The functions work on 64-bit integers that hold 32-bit words, and run compiled or as plain Python.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from diaspore.core.jit import inline, kernel

_MASK = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_TWO_PI = 2.0 * math.pi
_U6 = np.uint64(6)
_U26 = np.uint64(26)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_U27 = np.uint64(27)
_U30 = np.uint64(30)
_U31 = np.uint64(31)


@inline
def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds of Philox4x32 on four counter words and two key words (uint64 holding 32 bits each)."""
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (p1 >> _SHIFT) ^ c1 ^ k0, p1 & _MASK, (p0 >> _SHIFT) ^ c3 ^ k1, p0 & _MASK
        k0 = (k0 + _W0) & _MASK
        k1 = (k1 + _W1) & _MASK
    return c0, c1, c2, c3


@inline
def _unit(high, low):
    """Two 32-bit words to a float64 strictly inside (0, 1): 52 bits, because with 53 the last half would round to 1."""
    bits = ((high >> _U6) << _U26) | (low >> _U6)
    return (np.float64(np.int64(bits)) + 0.5) * (1.0 / 4503599627370496.0)


@inline
def uniform2(seed, entity, process, event):
    """Two independent uniforms in (0, 1).

    ``seed`` and ``entity`` are uint64; ``process`` and ``event`` are non-negative integers below 2**32.
    """
    s = np.uint64(seed)
    e = np.uint64(entity)
    w0, w1, w2, w3 = philox(
        e & _MASK, e >> _SHIFT, np.uint64(process) & _MASK, np.uint64(event) & _MASK, s & _MASK, s >> _SHIFT
    )
    return _unit(w0, w1), _unit(w2, w3)


@inline
def uniform2_block(seed, entities, process, events, words, first, second):
    """`uniform2` of several entities at once, four times faster.

    ``entities`` and ``events`` are uint64 arrays, ``words`` uint64 ``[4, n]`` room to work in, ``first`` and ``second``
    float64 arrays for the results. Round by round over all, so that the processor does several at a time.
    """
    c0, c1, c2, c3 = words[0], words[1], words[2], words[3]
    s = np.uint64(seed)
    k0, k1 = s & _MASK, s >> _SHIFT
    for i in range(entities.shape[0]):
        c0[i] = entities[i] & _MASK
        c1[i] = entities[i] >> _SHIFT
        c2[i] = np.uint64(process) & _MASK
        c3[i] = events[i] & _MASK
    for _ in range(10):
        for i in range(entities.shape[0]):
            # The masks change nothing; they tell the compiler that short multiplications are enough.
            p0 = _M0 * (c0[i] & _MASK)
            p1 = _M1 * (c2[i] & _MASK)
            c0[i] = (p1 >> _SHIFT) ^ c1[i] ^ k0
            c1[i] = p1 & _MASK
            c2[i] = (p0 >> _SHIFT) ^ c3[i] ^ k1
            c3[i] = p0 & _MASK
        k0 = (k0 + _W0) & _MASK
        k1 = (k1 + _W1) & _MASK
    for i in range(entities.shape[0]):
        first[i] = _unit(c0[i], c1[i])
        second[i] = _unit(c2[i], c3[i])


def _reinterpreted(source: Any, target: Any) -> Any:
    def cast(_typing, value):
        def generate(context, builder, signature, arguments):
            return builder.bitcast(arguments[0], context.get_value_type(target))

        return target(source), generate

    return intrinsic(cast)


_as_bits = _reinterpreted(types.float64, types.uint64)
_as_float = _reinterpreted(types.uint64, types.float64)
_MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
_EXPONENT_OF_ONE = np.uint64(0x3FF0000000000000)
_U52 = np.uint64(52)
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10


@inline
def minus_log_block(values):
    """Replace each value in (0, 1) by minus its logarithm, to the last bit but one.

    ``values`` is a float64 array. The series (in s = f / (2 + f), where
    1 + f is the mantissa between 0.707 and 1.414) has no branches, so that the processor does several at a time, and
    gives the same bits on every machine, which the logarithm of the system need not.
    """
    for i in range(values.shape[0]):
        bits = _as_bits(values[i])
        exponent = np.float64(np.int64(bits >> _U52) - 1023)
        mantissa = _as_float((bits & _MANTISSA) | _EXPONENT_OF_ONE)
        large = mantissa > 1.4142135623730951
        mantissa = 0.5 * mantissa if large else mantissa
        exponent = exponent + 1.0 if large else exponent
        f = mantissa - 1.0
        s = f / (2.0 + f)
        z = s * s
        # 2 artanh(s) = 2 s (1 + z/3 + z²/5 + …); coefficients of the best polynomial of this degree on the interval.
        series = z * (
            0.6666666666666735
            + z
            * (
                0.3999999999940942
                + z
                * (
                    0.2857142874366239
                    + z
                    * (
                        0.2222219843214978
                        + z * (0.1818357216161805 + z * (0.1531383769920937 + z * 0.1479819860511659))
                    )
                )
            )
        )
        half = 0.5 * f * f
        values[i] = -(exponent * _LN2_HIGH - ((half - (s * (half + series) + exponent * _LN2_LOW)) - f))


@inline
def uniform(seed, entity, process, event):
    """One uniform in (0, 1)."""
    return uniform2(seed, entity, process, event)[0]


@inline
def exponential(seed, entity, process, event):
    """One unit-rate exponential."""
    return -math.log(uniform2(seed, entity, process, event)[0])


@inline
def normal2(seed, entity, process, event):
    """Two independent standard normals (Box-Muller)."""
    a, b = uniform2(seed, entity, process, event)
    radius = math.sqrt(-2.0 * math.log(a))
    return radius * math.cos(_TWO_PI * b), radius * math.sin(_TWO_PI * b)


@inline
def normal(seed, entity, process, event):
    """One standard normal."""
    return normal2(seed, entity, process, event)[0]


@inline
def child_id(parent, number):
    """Identity of the ``number``-th daughter of ``parent``: a bijective mix (splitmix64), never an array index."""
    z = np.uint64(parent) + _GOLDEN * (np.uint64(number) + np.uint64(1))
    z = (z ^ (z >> _U30)) * _MIX1
    z = (z ^ (z >> _U27)) * _MIX2
    return z ^ (z >> _U31)


@inline
def poisson(mean, seed, entity, process, event):
    """One Poisson count: inversion up to a mean of 50, above it a rounded normal with the same mean and variance."""
    if mean <= 0.0:
        return 0
    if mean > 50.0:
        z = normal(seed, entity, process, event)
        return max(0, int(math.floor(mean + math.sqrt(mean) * z + 0.5)))
    u = uniform(seed, entity, process, event)
    term = math.exp(-mean)
    total = term
    count = 0
    while u > total and count < 1000:
        count += 1
        term *= mean / count
        total += term
    return count


@kernel
def uniform_column(seed, entities, process, event):
    """One uniform in (0, 1) for each of ``entities`` (uint64 array)."""
    result = np.empty(entities.shape[0])
    for i in range(entities.shape[0]):
        result[i] = uniform(seed, entities[i], process, event)
    return result


@kernel
def child_id_column(parent, numbers):
    """Identities of the daughters ``numbers`` (int64 array) of ``parent``."""
    result = np.empty(numbers.shape[0], dtype=np.uint64)
    for i in range(numbers.shape[0]):
        result[i] = child_id(parent, numbers[i])
    return result
