"""Published and analytic results as executable cases.

A case is a pair of files in ``validation/cases``: ``NAME.yaml`` states source, endpoint, expected numbers and
tolerances; ``NAME.py`` has ``run() -> Result`` with the numbers obtained. See :mod:`diaspore.validation.registry`.
"""

from diaspore.validation.registry import (
    Case,
    Check,
    Result,
    chosen_cases,
    load_cases,
    must_pass_failures,
    not_covered,
    run_cases,
)

__all__ = [
    "Case",
    "Check",
    "Result",
    "chosen_cases",
    "load_cases",
    "must_pass_failures",
    "not_covered",
    "run_cases",
]
