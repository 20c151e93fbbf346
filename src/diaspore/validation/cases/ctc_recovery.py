"""Spiked cells, healthy people and leukapheresis through the presets of assays."""

from __future__ import annotations

import numpy as np

from diaspore.validation.registry import Result

TUBES, SEED = 100_000, 12
PATIENTS_MEAN = 0.684  # share of 20 cells found in blood of patients (templeman2023)
FIXED_MEAN = 0.75  # of 20 fixed cells in healthy blood


def run() -> Result:
    """Everything from the presets; nothing is drawn where a sum does it."""
    from diaspore.ctc.assay import assay, line
    from diaspore.ctc.assay.counts import false_events, spiked
    from diaspore.ctc.assay.questions import false_positive
    from diaspore.ctc.cells import cell_kinds
    from diaspore.knowledge.load import fact

    result = Result()
    beads, filters = assay("cellsearch"), assay("parsortix")
    for name in ("skbr3", "t47d", "bt20", "mdamb231"):
        result.add(f"cellsearch_{name}", beads.handling * beads.alone(line(name)))
    result.add("cellsearch_patients", beads.handling * beads.alone(cell_kinds()["epithelial"]))
    ends = []
    for end in ("low", "high"):
        median = fact(f"ctc_cell.epcam.median_{end}").value
        kind = line("skbr3")
        ends.append(beads.handling * beads.alone(type(kind)(**{**kind.__dict__, "epcam": median})))
    result.add("cellsearch_institutes", ends[1] - ends[0])
    large = filters.alone(line("skbr3"))
    result.add("parsortix_live", filters.handling * large)
    fixed = spiked(filters.with_(handling=FIXED_MEAN), large, 20, TUBES, SEED) / 20.0
    result.add("parsortix_20_mean", float(fixed.mean()))
    result.add("parsortix_20_sd", float(fixed.std()))
    patients = spiked(filters.with_(handling=PATIENTS_MEAN), large, 20, TUBES, SEED + 1) / 20.0
    result.add("parsortix_20_patients_sd", float(patients.std()))
    kept, weight = filters.kept()
    missed = np.array([weight @ (1.0 - kept * large) ** n for n in range(1, 50)])
    result.add("parsortix_cells_for_95", float(1 + np.argmax(missed <= 0.05)))
    four = 1.0 - float(false_events(beads.background, beads.background_shape)[0]) ** 4
    result.add("benign_30ml", four, null={"no false events": 0.0})
    result.add("healthy_ge1", false_positive(beads, 1), null={"no false events": 0.0})
    result.add("healthy_ge2", false_positive(beads, 2), null={"no false events": 0.0})
    result.add("parsortix_healthy_ge1", false_positive(filters, 1))
    result.add("parsortix_healthy_ge5", false_positive(filters, 5))
    product = fact("ctc_assay.leukapheresis.volume").value
    result.add("leukapheresis_volume", 0.05 * product)
    result.add("leukapheresis_whole", product / beads.volume)
    return result
