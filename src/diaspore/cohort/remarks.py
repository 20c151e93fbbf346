"""What a reader of a run's results must know and could miss: said in its output and under its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diaspore.core.runstore import Run

KINDS = ("patient", "cohort")
#: up to this many patients a run of kind patient keeps time courses
KEPT = 200


def remarks(run: Run) -> list[str]:
    """One sentence for each surprise that the description of a run holds; none for runs of other kinds."""
    if run.manifest.get("kind") not in KINDS:
        return []
    spec = run.spec
    found = []
    foreign = borrowed_parameters(run)
    if foreign is not None:
        found.append(foreign)
    if "primary" not in spec.get("surgery", {}):
        found.append("the primary is never removed: surgery.primary is not given")
    found += _late_visits(spec)
    return found


def borrowed_parameters(run: Run) -> str | None:
    """Says so when the primary lies in another organ than the one the parameter set was made for."""
    if run.manifest.get("kind") not in KINDS:
        return None
    spec = run.spec
    site = str(spec.get("primary", {}).get("site", ""))
    # A set is named for the organ it was made for: breast-2026.1.
    made_for = str(spec.get("parameters", "")).partition("-")[0]
    if not site or not made_for or site == made_for:
        return None
    return f"an illustration: a primary of the {site} with parameters of the {made_for}"


def course_is_lost(run: Run) -> bool:
    """Whether the time courses that a run once kept are missing from its directory."""
    few = run.manifest.get("kind") == "patient" and 0 < int(run.summary.get("patients", 0)) <= KEPT
    return few and not (run.path / "course.zarr").is_dir()


def _late_visits(spec: Mapping[str, Any]) -> list[str]:
    from diaspore.core.units import parse_quantity

    follow = spec.get("follow_up", {})
    if not {"duration", "visits"} <= set(follow):
        return []
    end, begins = parse_quantity(follow["duration"], "day"), 0.0
    for number, stretch in enumerate(follow["visits"]):
        if begins >= end:
            return [f"follow_up.visits[{number}] begins after the end of follow_up.duration: no visit falls in it"]
        begins = parse_quantity(stretch["until"], "day")
    return []
