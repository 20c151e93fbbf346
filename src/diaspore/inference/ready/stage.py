"""Share of a ready cohort with a metastasis found at diagnosis, and the bottleneck that gives a wanted share.

For cancers without a table by size, the mean bottleneck is set so that the recalled share of stage IV comes out:
``python -m diaspore.inference.ready.stage`` prints the values that stand in the table ``ready_cancers``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from diaspore.core.spec import spec_from_dict
from diaspore.core.yamlio import parse_yaml
from diaspore.inference.ready import cohorts
from diaspore.inference.ready.cancers import READY, Ready

PATIENTS, SEED = 4000, 11


def found_at_diagnosis(name: str, patients: int = PATIENTS, change: dict[str, Any] | None = None) -> float:
    """Share of the members of a ready cohort with a metastasis found at diagnosis, with a block ``change`` besides."""
    from diaspore.body.batch import run_people
    from diaspore.cohort.engine import prepare
    from diaspore.cohort.people import draw_members

    data = parse_yaml(cohorts.text(name), file=name).data
    data |= {"follow_up": {"duration": "31 day", "visits": []}, "surgery": {}, "patients": patients}
    data["change"] = {**data.get("change", {}), **(change or {})}
    spec: Any = spec_from_dict(data)
    prepared = prepare(spec, SEED)
    members = draw_members(spec, None, SEED, np.arange(patients, dtype=np.int64))
    found = 0
    for number, compiled in enumerate(prepared.groups):
        mine = np.flatnonzero(members.group == number)
        for part in np.array_split(mine, max(1, len(mine) // 1000)):
            found += int(np.sum(run_people(compiled, members.people.take(part)).patients["stage_m"]))
    return found / patients


def bottleneck(cancer: Ready) -> float:
    """Mean bottleneck with which the wanted share has a metastasis found at diagnosis, to 0.1."""
    wanted = cancer.number("metastatic_at_diagnosis", "dimensionless")
    low, high = 4.0, 40.0
    while high - low > 0.05:
        middle = 0.5 * (low + high)
        share = found_at_diagnosis(f"{cancer.name}-cohort", change={"fate.bottleneck": middle})
        low, high = (middle, high) if share > wanted else (low, middle)
    return round(0.5 * (low + high), 1)


def main() -> None:
    """Print the bottleneck of every cancer that has no fit to sizes."""
    for cancer in READY.values():
        if not cancer.seer:
            print(cancer.name, bottleneck(cancer), flush=True)


if __name__ == "__main__":
    main()
