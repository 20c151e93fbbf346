"""State of a batch of patients: one record per patient and one per lesion; no behaviour.

The engine is event-driven: an event touches all fields of one lesion and no field of the others, so records (arrays of
structures) are used here instead of the structure of arrays of the tissue engine (docs/decisions).
Units: days relative to diagnosis, natural logarithm of mm3 for volumes (``y``), rates per day.
"""

from __future__ import annotations

import numpy as np

from diaspore.body.processes.clones import MAX_CLONES

# Phases of a lesion.
SLEEPING, AVASCULAR, HELD, PAUSED, VASCULAR, REMOVED, EXTINCT = range(7)
PHASES = ("dormant", "avascular", "held", "angiogenic_dormant", "growing", "removed", "extinct")

# Routes by which a lesion was seeded.
PRIMARY, BLOOD, LYMPH, CAVITY, PERINEURAL, PROCEDURE = range(6)
ROUTES = ("primary", "haematogenous", "lymphatic", "cavity", "perineural", "procedure")

# Fields are ordered by how often they are read: a lesion that sleeps or has gone costs one cache line a panel.
LESION = np.dtype(
    [
        ("site", "i2"),
        ("station", "i2"),  # nodal station or sub-site of a cavity, -1 elsewhere
        ("clone", "i1"),
        ("route", "i1"),
        ("phase", "i1"),
        ("phase1", "i1"),
        ("t0", "f8"),  # day for which phase, y, q and tau hold
        ("v", "f8"),  # volume on that day, 0 when it is no colony
        ("v1", "f8"),
        ("y", "f8"),
        ("y1", "f8"),  # the same at the end of the panel
        ("tau", "f8"),  # unit exponential left of the present waiting
        ("bound", "f8"),  # majorant of the founder rate
        ("tau1", "f8"),
        ("detected", "f8"),
        ("y_symptom", "f8"),
        ("residual", "f8"),  # unit exponential left to the next candidate founder
        ("from_day", "f8"),  # day from which the present bound runs
        ("until", "f8"),  # day up to which it holds
        ("hold", "i1"),  # will be held by T cells on its way
        ("pause", "i1"),  # will wait for the angiogenic switch
        ("hold1", "i1"),
        ("pause1", "i1"),
        ("split", "i1"),  # 1: the resistant part of the lesion `parent`, at the same place
        ("events", "i4"),  # candidates drawn so far
        ("flow0", "f8", (4,)),  # cells shed per day at the panel's start: blood, lymph, cavity, nerve
        ("flow1", "f8", (4,)),  # the same at its end
        ("share1", "f8", (4,)),  # class shares of shed cells, from the panel's end on
        ("q", "f8"),  # ln K of Hahnfeldt's law
        ("q1", "f8"),
        ("y_breach", "f8"),
        ("y_examined", "f8"),  # ln volume up to which resistant cells have been told from the rest
        ("id", "u8"),
        ("parent", "u8"),
        ("seeded", "f8"),  # day on which the founder left the vessel
        ("waking", "f8"),  # day on which it began to divide; nan while it sleeps
        ("vascularised", "f8"),
        ("removed", "f8"),
        ("y_diagnosis", "f8"),  # ln volume at diagnosis, nan before it was a colony
        ("node", "i2"),
        ("generation", "i2"),
        ("founder_cells", "i2"),
        ("founder_clones", "i2"),
    ],
    align=True,
)

PATIENT = np.dtype(
    [
        ("id", "i8"),
        ("stream", "u8"),
        ("sex", "i1"),  # 0 woman, 1 man
        ("detection", "i1"),  # 0 clinical, 1 screening, 2 fixed, 3 by a metastasis
        ("stage_t", "i1"),
        ("stage_n", "i1"),
        ("stage_m", "i1"),
        ("cause", "i1"),  # 0 alive, 1 cancer, 2 other
        ("death_site", "i2"),
        ("lever_row", "i4"),
        ("n_lesions", "i4"),
        ("nodes_involved", "i4"),
        ("nodes_examined", "i4"),
        ("nodes_positive", "i4"),
        ("occult", "i4"),
        ("self_seeded", "i4"),  # founders that joined the primary, up to the limit of followed ones
        ("self_expected", "f8"),  # expected number beyond it
        ("untracked", "f8"),  # expected founders beyond the limits of followed lesions
        ("entry", "i4"),  # next scheduled entry
        ("later", "i4"),  # next entry of those that count from a known relapse
        ("last", "i4"),  # and from the first progression after it
        ("visits", "i4"),
        ("done", "i1"),
        ("parted", "i1"),  # a lesion has a resistant part
        ("seen", "i1"),  # a metastasis or relapse is known
        ("given_diameter", "f8"),  # of the primary at diagnosis, mm; nan: drawn
        ("given_age", "f8"),  # at diagnosis, day; nan: drawn
        ("age", "f8"),  # at diagnosis, day
        ("time", "f8"),
        ("inception", "f8"),
        ("switch_day", "f8"),
        ("y_diagnosis", "f8"),
        ("doubling", "f8"),  # at diagnosis, day
        ("rate", "f8"),  # of the primary's growth law
        ("metastasis_rate", "f8"),
        ("stimulation", "f8"),  # Hahnfeldt
        ("take", "f8"),  # exp(-b) in distant organs
        ("node_take", "f8"),
        ("cavity_take", "f8"),
        ("shed_blood", "f8"),
        ("shed_lymph", "f8"),
        ("y_first", "f8"),  # ln volume of a colony that has passed the bottleneck
        ("lethal", "f8"),  # tolerance factor
        ("other_death", "f8"),
        ("surgery_day", "f8"),  # nan while the primary is in place
        ("y_surgery", "f8"),
        ("known", "f8"),  # day from which a metastasis or relapse is known; nan: none is
        ("smallest", "f8"),  # sum of diameters of found lesions since then, mm; nan: not seen yet
        ("assessed", "f8"),  # day of the last comparison
        ("progressed", "f8"),  # day of the first progression after that; nan: none
        ("death", "f8"),
        ("end", "f8"),  # end of observation
        ("ctc_diagnosis", "f8"),
        ("onsets", "f8", (MAX_CLONES,)),
        ("cleared", "u8", (16,)),  # nodes that surgery has taken out, bits by station
        ("occupied", "u8", (16,)),  # nodes with a colony, bits by station
        ("kept_free", "f8", (17,)),  # share of lymph-borne cells kept by free nodes, by station and for the primary
    ],
    align=True,
)

VISIT = np.dtype(
    [
        ("patient", "i8"),
        ("visit", "i2"),
        ("kind", "i1"),
        ("lesions_detected", "i4"),
        ("ctc_count", "i4"),
        ("day", "f4"),
        ("primary", "f4"),
        ("nodal", "f4"),
        ("metastatic", "f4"),
        ("ctc_per_ml", "f4"),
    ],
    align=True,
)
VISIT_KINDS = ("diagnosis", "follow-up", "symptom")
