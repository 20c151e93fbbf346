"""Bits of 64-bit words: counting, finding, and turning a square of 64 x 64."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
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


_EIGHT = ir.VectorType(_WORD, 8)


def _gate(_typing, slots, out, a, b):
    """One gate for eight words: row ``out`` of a C-ordered uint64 array becomes the AND of two literals of its rows.

    Written as one operation on vectors, because a loop over eight words would be compiled to eight scalar ones: the
    compiler cannot know that the rows do not overlap.
    """

    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        start = builder.bitcast(array.data, _EIGHT.as_pointer())
        one = ir.Constant(_WORD, 1)

        def literal(value):
            words = builder.load(builder.gep(start, [builder.lshr(value, one)]), align=8)
            turn = builder.neg(builder.and_(value, one))
            empty = ir.Constant(_EIGHT, ir.Undefined)
            first = builder.insert_element(empty, turn, ir.Constant(ir.IntType(32), 0))
            zeros = ir.Constant(ir.VectorType(ir.IntType(32), 8), [0] * 8)
            return builder.xor(words, builder.shuffle_vector(first, empty, zeros))

        result = builder.and_(literal(arguments[2]), literal(arguments[3]))
        builder.store(result, builder.gep(start, [arguments[1]]), align=8)
        return context.get_dummy_value()

    return types.void(slots, types.intp, types.intp, types.intp), generate


gate: Any = intrinsic(_gate)


def _chosen(_typing, word, number):
    """Place of the set bit with this number, counted from 0 at the lowest; in one instruction where there is one."""

    def generate(context, builder, signature, arguments):
        word, number = arguments
        # What is compiled for, which need not be this machine (NUMBA_CPU_NAME, NUMBA_CPU_FEATURES).
        if "+bmi2" in str(context.codegen().magic_tuple()[2]).split(","):
            one_bit = builder.shl(ir.Constant(_WORD, 1), number)
            scatter = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(_WORD, [_WORD, _WORD]), "llvm.x86.bmi.pdep.64"
            )
            return builder.cttz(builder.call(scatter, [one_bit, word]), ir.Constant(ir.IntType(1), 0))
        left = cgutils.alloca_once_value(builder, word)
        with cgutils.for_range(builder, number):
            now = builder.load(left)
            builder.store(builder.and_(now, builder.sub(now, ir.Constant(_WORD, 1))), left)
        return builder.cttz(builder.load(left), ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64, types.int64), generate


chosen_bit: Any = intrinsic(_chosen)
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
