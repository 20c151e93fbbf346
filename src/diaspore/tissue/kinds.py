"""Cell types as kernels take them: one record each, in um and min."""

from __future__ import annotations

import numpy as np

MAX_PHASES = 4
EXPONENTIAL, FIXED, GAMMA = 0, 1, 2  # laws of the length of a phase

KIND = np.dtype(
    [
        # volume
        ("volume", "f8"),  # of a mature cell, um3
        ("nucleus", "f8"),  # solid of the nucleus of a mature cell, um3
        ("fluid_fraction", "f8"),
        ("cytoplasm_ratio", "f8"),  # solid of the cytoplasm over that of the nucleus
        ("fluid_rate", "f8"),  # 1/min
        ("nucleus_rate", "f8"),
        ("cytoplasm_rate", "f8"),
        # cycle
        ("phases", "i8"),
        ("phase_law", "i8", (MAX_PHASES,)),
        ("phase_shape", "f8", (MAX_PHASES,)),  # stages of a gamma law
        ("phase_doubles", "i8", (MAX_PHASES,)),  # 1: the cell begins to grow to twice its size on entry
        ("divides_after", "i8"),  # phase at whose end it divides
        ("oxygen", "i8"),  # number of the substance that limits the first phase, -1: none
        ("oxygen_saturation", "f8"),  # level above which the rate is whole
        ("oxygen_threshold", "f8"),  # level below which it is none
        # death
        ("apoptosis_length", "f8"),  # min until the remains are gone
        ("apoptosis_fluid_rate", "f8"),
        ("apoptosis_nucleus_rate", "f8"),
        ("apoptosis_cytoplasm_rate", "f8"),
        ("necrosis_level", "f8"),  # oxygen below which cells die of necrosis
        ("necrosis_full_level", "f8"),  # oxygen at which the rate is whole
        ("necrosis_rate", "f8"),  # 1/min; infinity: at once
        ("necrosis_length", "f8"),
        ("necrosis_swelling_rate", "f8"),
        ("necrosis_fluid_rate", "f8"),  # after lysis
        ("necrosis_nucleus_rate", "f8"),
        ("necrosis_cytoplasm_rate", "f8"),
        ("lysis_ratio", "f8"),  # times its volume at death at which a necrotic cell bursts
    ],
    align=True,
)
