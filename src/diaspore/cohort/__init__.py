"""Populations as a whole: survival curves and the comparison of runs."""

from __future__ import annotations

from typing import Any

__all__ = [
    "compare_runs",
    "cumulative_incidence",
    "kaplan_meier",
    "median_survival",
    "restricted_mean",
    "spec_differences",
]

_HOME = {"compare_runs": "compare", "spec_differences": "compare"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'survival')}"), name)
