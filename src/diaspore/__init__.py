"""Diaspore: how tumours seed metastases, simulated for single patients and populations.

For research only; not for clinical decisions.

>>> import diaspore
>>> run = diaspore.simulate("breast", seed=1)   # doctest: +SKIP
>>> run.table("patients")                       # doctest: +SKIP
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Compiled loops read these when numba is first imported. Idle worker threads must sleep, not spin:
# spinning steals the cores of whatever runs beside us (other runs, a notebook, a test suite).
os.environ.setdefault("KMP_BLOCKTIME", "0")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"

if TYPE_CHECKING:
    from diaspore.core.errors import DiasporeError, InputError, RunStoreError
    from diaspore.core.runstore import Run
    from diaspore.core.simulate import simulate
    from diaspore.core.spec import Spec, load_spec, spec_from_dict

# Public name -> module that defines it; imported on first use so that `import diaspore` stays quick.
_EXPORTS = {
    "DiasporeError": "diaspore.core.errors",
    "InputError": "diaspore.core.errors",
    "Run": "diaspore.core.runstore",
    "RunStoreError": "diaspore.core.errors",
    "Spec": "diaspore.core.spec",
    "load_spec": "diaspore.core.spec",
    "simulate": "diaspore.core.simulate",
    "spec_from_dict": "diaspore.core.spec",
}

__all__ = [
    "DiasporeError",
    "InputError",
    "Run",
    "RunStoreError",
    "Spec",
    "__version__",
    "load_spec",
    "simulate",
    "spec_from_dict",
]


def __getattr__(name: str) -> Any:
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module 'diaspore' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
