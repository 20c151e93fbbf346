"""Bits of 64-bit words: counting, finding, and turning a square of 64 x 64."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from diaspore.core.jit import inline, kernel

_WORD = ir.IntType(64)


def _count(_typing, word):
    """Number of bits that are set."""

    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


def _first(_typing, word):
    """Place of the lowest bit that is set; 64 for none."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


count_bits: Any = intrinsic(_count)
first_bit: Any = intrinsic(_first)


@inline
def transpose(square):
    """Turn 64 words in place: bit j of word i becomes bit i of word j."""
    _swap(square, 32, np.uint64(0x00000000FFFFFFFF))
    _swap(square, 16, np.uint64(0x0000FFFF0000FFFF))
    _swap(square, 8, np.uint64(0x00FF00FF00FF00FF))
    _swap(square, 4, np.uint64(0x0F0F0F0F0F0F0F0F))
    _swap(square, 2, np.uint64(0x3333333333333333))
    _swap(square, 1, np.uint64(0x5555555555555555))


@inline
def _swap(square, width, mask):
    shift = np.uint64(width)
    for block in range(0, 64, 2 * width):
        for i in range(block, block + width):
            moved = ((square[i] >> shift) ^ square[i + width]) & mask
            square[i + width] ^= moved
            square[i] ^= moved << shift


@kernel
def transposed(square):
    """A turned copy of 64 words."""
    result = square.copy()
    transpose(result)
    return result
