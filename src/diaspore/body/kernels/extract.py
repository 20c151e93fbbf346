"""From lesion records to the columns of tables, and the figures of a patient that all its lesions decide."""

from __future__ import annotations

import math

import numpy as np

from diaspore.body.processes.geometry import diameter
from diaspore.body.state import AVASCULAR, VASCULAR
from diaspore.core.jit import kernel


@kernel
def lesion_columns(lesions, offsets, ids, keys, numbers, labels, values):
    """Columns of all lesions but primaries; returns their number.

    keys (m, 2) uint64: id, parent. numbers (m, 6) int16: generation, station, node, clone, founder cells, founder
    clones. labels (m, 3) int8: site, route, phase. values (m, 7) float32: days of seeding, waking, vascularisation,
    detection, removal; diameter at diagnosis; volume at the end. ids (m,) int64: patient.
    """
    m = 0
    for p in range(offsets.shape[0] - 1):
        for i in range(offsets[p] + 1, offsets[p + 1]):  # the first lesion of every patient is the primary
            lesion = lesions[i]
            ids[m] = p
            keys[0, m] = lesion.id
            keys[1, m] = lesion.parent
            numbers[0, m] = lesion.generation
            numbers[1, m] = lesion.station
            numbers[2, m] = lesion.node
            numbers[3, m] = lesion.clone
            numbers[4, m] = lesion.founder_cells
            numbers[5, m] = lesion.founder_clones
            labels[0, m] = lesion.site
            labels[1, m] = lesion.route
            labels[2, m] = lesion.phase
            values[0, m] = lesion.seeded
            values[1, m] = lesion.waking
            values[2, m] = lesion.vascularised
            values[3, m] = lesion.detected
            values[4, m] = lesion.removed
            known = not math.isnan(lesion.y_diagnosis)
            values[5, m] = diameter(lesion.y_diagnosis) if known else math.nan
            colony = AVASCULAR <= lesion.phase <= VASCULAR
            values[6, m] = math.exp(min(lesion.y, 50.0)) if colony else 0.0
            m += 1
    return m


@kernel
def patient_figures(
    lesions, offsets, patients, primary_site, nodes_site, relapse, distant, kind, site, counts, burden, sites
):
    """Figures of every patient from its lesions.

    relapse (n,) day of the first relapse of a patient without metastases at diagnosis (nan: none), its kind (1 local,
    2 regional, 3 distant) and site; distant (n,) day of the first distant metastasis found in such a patient (nan:
    none), also after another relapse; counts (2, n): distant lesions followed, sites with a detected metastasis; burden
    (n,) mm3 at the end; sites (S,) number of patients with a detected metastasis there. A relapse is the first
    detection after diagnosis of a lesion that surgery did not take out on that day; of those found together the
    farthest names it.
    """
    found_here = np.zeros(sites.shape[0], dtype=np.int64)
    for p in range(offsets.shape[0] - 1):
        first = math.inf
        first_distant = math.inf
        which = 0
        where = -1
        distant_lesions = 0
        total = 0.0
        found_here[:] = 0
        for i in range(offsets[p], offsets[p + 1]):
            lesion = lesions[i]
            if AVASCULAR <= lesion.phase <= VASCULAR:
                total += math.exp(min(lesion.y, 50.0))
            if lesion.route == 0:
                continue
            what = 3
            if lesion.site == primary_site:
                what = 1
            elif lesion.site == nodes_site:
                what = 2
            if what == 3 and lesion.split == 0:
                distant_lesions += 1
            if math.isnan(lesion.detected):
                continue
            if what == 3:
                found_here[lesion.site] = 1
            if patients[p].stage_m == 1 or lesion.detected <= 0.0 or lesion.detected == lesion.removed:
                continue
            if what == 3:
                first_distant = min(first_distant, lesion.detected)
            if lesion.detected < first or (lesion.detected == first and what > which):
                first = lesion.detected
                which = what
                where = lesion.site
        relapse[p] = first if first < math.inf else math.nan
        distant[p] = first_distant if first_distant < math.inf else math.nan
        kind[p] = which
        site[p] = where
        counts[0, p] = distant_lesions
        for j in range(sites.shape[0]):
            counts[1, p] += found_here[j]
            sites[j] += found_here[j]
        burden[p] = total
