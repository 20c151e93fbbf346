"""Detection of primary, nodes and metastases.

Reads: lesion diameters at a visit, sensitivity curves by site. Writes: day of detection. Runs: at visits (imaging),
and between them for symptoms: a lesion causes symptoms when it reaches its own threshold volume, log-normal around the
site's threshold, and the day is found from the closed form of growth.

Imaging finds a lesion with the logistic probability 1/(1 + exp(-(d - d50)/w)); finding it once is enough. Nodes are
found by the pathologist: all involved nodes above a size among those removed.
"""

from __future__ import annotations

import math

from diaspore.body.definitions import SITE, Definition
from diaspore.core.jit import inline

PARAMETERS = (
    Definition(
        "detection.primary_diameter", "mm", 1, 300, "diameter at which the primary causes symptoms", spread=True
    ),
    Definition("detection.screening_d50", "mm", 1, 100, "diameter found by screening with probability 1/2"),
    Definition("detection.screening_width", "mm", 0.1, 50, "width of the screening sensitivity curve"),
    Definition("detection.symptom_diameter", "mm", 1, 500, "diameter at which a lesion causes symptoms", index=SITE),
    Definition("detection.symptom_spread", "1", 0, 3, "log-sd of symptom volume between lesions"),
    Definition("detection.imaging_d50", "mm", 0.5, 200, "diameter found by imaging with probability 1/2", index=SITE),
    Definition("detection.imaging_width", "mm", 0.05, 50, "width of the imaging sensitivity curve"),
    Definition("detection.node_diameter", "mm", 0.01, 50, "smallest nodal deposit that pathology calls positive"),
    Definition("detection.tube_volume", "mL", 0.1, 1000, "blood volume of a CTC tube"),
    Definition("detection.tube_recovery", "1", 0, 1, "share of the tube's tumour cells that the assay reports"),
)


@inline
def sensitivity(diameter_mm, d50, width):
    """Probability that imaging finds a lesion of this diameter."""
    return 1.0 / (1.0 + math.exp(-(diameter_mm - d50) / width))
