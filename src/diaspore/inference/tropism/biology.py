"""What may stand behind a chosen interaction. Recalled pathology, graded ``assumed``: a reading, not a finding."""

from __future__ import annotations

BIOLOGY = {
    "contact": "growth into a touching organ, which the record counts as a site",
    "peritoneal x Intra-Abdominal": "cells shed from the serosa float and implant (cavity route)",
    "peritoneal x Bowel": "implants on the serosa of the bowel",
    "peritoneal x Liver": "implants on the liver's capsule besides portal arrival",
    "peritoneal x Mediastinum": "below the diaphragm, drainage does not pass the mediastinum first",
    "supradiaphragmatic x Bone": "breast, lung, thyroid and melanoma: veins of the spine, marrow homing",
    "supradiaphragmatic x CNS/Brain": "breast, lung and melanoma: brain tropism; blood from the lung reaches it first",
    "supradiaphragmatic x Intra-Abdominal": "no access to the peritoneal cavity",
    "supradiaphragmatic x Bladder/UT": "no pelvic neighbourhood",
    "supradiaphragmatic x Head and Neck": "regional drainage and skin of the neck",
    "urological x Distant LN": "lymph goes to para-aortic nodes, which are coded as distant",
    "urological x Bone": "prostate and kidney: marrow niche, veins of the spine",
    "gynaecological x Distant LN": "lymph goes to para-aortic nodes",
    "cervicofacial x Lung": "venous blood meets the lung first; thyroid and salivary cancers take there",
    "cervicofacial x Distant LN": "nodes below the neck",
    "cervicofacial x Pleura": "spread from lesions of the lung",
    "cutaneous x Distant LN": "the skin's basins are coded as regional",
    "cutaneous x Bone": "skin cancer takes less in bone than breast or lung cancer",
    "portal x Ovary": "Krukenberg tumours",
    "adenocarcinoma x Ovary": "Krukenberg tumours and peritoneal seeding",
    "neuroendocrine x Liver": "liver tropism of neuroendocrine cancer",
    "sarcoma x Distant LN": "sarcoma rarely spreads by lymph",
    "soft_tissue_sarcoma x Distant LN": "sarcoma rarely spreads by lymph",
    "pelvic x Male Genital": "pelvic neighbourhood",
    "prostate x Bone": "osteoblastic niche of the marrow; veins of the spine",
    "appendix x Female Genital": "mucinous seeding of the pelvis (pseudomyxoma)",
    "appendix x Bladder/UT": "mucinous seeding of the pelvis (pseudomyxoma)",
    "appendix x Biliary tract": "mucinous seeding under the liver (pseudomyxoma)",
}


def biology(term: str) -> str:
    """Reading of an interaction by its name; "not known" where none is."""
    return BIOLOGY.get(term, "not known")
