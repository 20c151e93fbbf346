"""The 27 primaries and 20 anatomical sites of MSK-MET: what is known of a primary before its metastases are counted.

These are covariates: where the blood of the organ drains, which cavity it borders, which organs touch it, its
histology, the sexes it occurs in. They were written down from general anatomy and pathology before any fit; none is
taken from the table of metastases, although its best-known shares (bone in breast and prostate cancer, liver in bowel
cancer and the like) and, from a look at the layout, rows of anal, appendix and bladder cancer were known to the writer.
All of it is graded ``assumed`` (textbook anatomy, recalled).

Cells of the table that do not enter the fit or a score:

* ``Unspecified``: no place in the body.
* the organ of the primary itself (and the ovary's uterus, the pancreas's bile duct): the record counts local extension.
* organs that a sex does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

# Site of MSK-MET -> sites of the engine that it holds; () where the engine has none (its flow is then PROXY's).
SITES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Adrenal Gland": ("adrenal",),
        "Biliary tract": (),
        "Bladder/UT": ("bladder",),
        "Bone": ("bone",),
        "Bowel": ("bowel",),
        "Breast": ("breast",),
        "CNS/Brain": ("brain", "meninges"),
        "Distant LN": ("distant_nodes",),
        "Female Genital": (),
        "Head and Neck": ("thyroid",),
        "Intra-Abdominal": ("peritoneum",),
        "Kidney": ("kidney",),
        "Liver": ("liver",),
        "Lung": ("lung",),
        "Male Genital": ("prostate",),
        "Mediastinum": (),
        "Ovary": ("ovary",),
        "Pleura": ("pleura",),
        "PNS": (),
        "Skin": ("skin",),
    }
)
LEFT_OUT = ("Unspecified",)
# Arterial supply of sites that the engine does not have: a bed in the same parallel circuit. Only the ratio of arterial
# to venous and portal arrivals matters, which is the same for all of them; the size goes into the site's soil.
PROXY = {"Biliary tract": "pancreas", "Female Genital": "bladder", "Mediastinum": "muscle", "PNS": "muscle"}
FEMALE_ONLY = ("Ovary", "Female Genital")
MALE_ONLY = ("Male Genital",)


@dataclass(frozen=True)
class Cancer:
    """A primary of MSK-MET.

    Attributes:
        name, msk: short name, name in the table.
        source: engine site -> share of the primaries that drain like it ("muscle" stands for systemic veins).
        engine: site at which the engine can grow it, or "".
        female: share of women among its patients (assumed; 0.5 where both sexes are about equal).
        own: sites that are the primary's own organ.
        contact: sites that it touches.
        classes: names of `CLASSES` that it belongs to.
    """

    name: str
    msk: str
    source: Mapping[str, float]
    engine: str
    female: float
    own: tuple[str, ...]
    contact: tuple[str, ...]
    classes: tuple[str, ...]


CLASSES = {
    "portal": "veins drain into the liver",
    "peritoneal": "borders the peritoneal cavity",
    "thoracic": "lies in the chest",
    "pelvic": "lies in the pelvis",
    "gynaecological": "uterus, cervix or ovary",
    "urological": "kidney, bladder, prostate or testis; lymph to para-aortic nodes",
    "upper_abdominal": "stomach, duodenum, pancreas or bile ducts",
    "cervicofacial": "head and neck, salivary gland or thyroid",
    "cutaneous": "skin",
    "supradiaphragmatic": "above the diaphragm or on the surface",
    "squamous": "squamous carcinoma prevails",
    "neuroendocrine": "neuroendocrine",
    "sarcoma": "mesenchymal",
    "adenocarcinoma": "adenocarcinoma prevails",
}

# name | MSK name | source | engine site | share of women | own organ | contact | classes
_ROWS = """
anus|Anal Cancer|bowel:.5,muscle:.5||.6|Bowel|Bladder/UT,Female Genital,Male Genital|pelvic,squamous
appendix|Appendiceal Cancer|bowel:1|bowel|.5|Bowel|Ovary|portal,peritoneal,adenocarcinoma
bladder|Bladder Cancer|bladder:1|bladder|.25|Bladder/UT|Bowel,Female Genital,Male Genital|pelvic,urological
breast|Breast Cancer|breast:1|breast|1|Breast|Skin|supradiaphragmatic,adenocarcinoma
cervix|Cervical Cancer|bladder:1||1|Female Genital|Bladder/UT,Bowel|pelvic,gynaecological,squamous
colorectal|Colorectal Cancer|bowel:1|bowel|.5|Bowel|Bladder/UT,Female Genital,Male Genital|portal,peritoneal,adenocarcinoma
endometrium|Endometrial Cancer|bladder:1||1|Female Genital|Bladder/UT,Bowel,Ovary|pelvic,peritoneal,gynaecological,adenocarcinoma
germ_cell|Germ Cell Tumor|muscle:1||0|Male Genital||urological
gi_neuroendocrine|Gastrointestinal Neuroendocrine Tumor|bowel:.6,pancreas:.4|bowel|.5|Bowel||portal,peritoneal,neuroendocrine
gist|Gastrointestinal Stromal Tumor|stomach:.6,bowel:.4|stomach|.5|Bowel||portal,peritoneal,sarcoma
head_neck|Head and Neck Cancer|muscle:1||.25|Head and Neck|Skin|cervicofacial,supradiaphragmatic,squamous
hepatobiliary|Hepatobiliary Cancer|liver:1|liver|.45|Liver,Biliary tract|Bowel|peritoneal,upper_abdominal,adenocarcinoma
kidney|Renal Cell Carcinoma|kidney:1|kidney|.3|Kidney|Adrenal Gland|urological
melanoma|Melanoma|skin:1|skin|.4|Skin||cutaneous,supradiaphragmatic
mesothelioma|Mesothelioma|muscle:1||.3|Pleura|Lung,Mediastinum|thoracic,supradiaphragmatic
nsclc|Non-Small Cell Lung Cancer|lung:1|lung|.55|Lung|Pleura,Mediastinum|thoracic,supradiaphragmatic,adenocarcinoma
oesophagogastric|Esophagogastric Cancer|stomach:.6,muscle:.4|stomach|.3|Bowel||portal,peritoneal,upper_abdominal,adenocarcinoma
ovary|Ovarian Cancer|ovary:1|ovary|1|Ovary,Female Genital|Bladder/UT,Bowel|pelvic,peritoneal,gynaecological,adenocarcinoma
pancreas|Pancreatic Cancer|pancreas:1|pancreas|.5|Biliary tract|Bowel|portal,peritoneal,upper_abdominal,adenocarcinoma
prostate|Prostate Cancer|prostate:1|prostate|0|Male Genital|Bladder/UT,Bowel|pelvic,urological,adenocarcinoma
salivary_gland|Salivary Gland Cancer|muscle:1||.45|Head and Neck|PNS,Skin|cervicofacial,supradiaphragmatic,adenocarcinoma
sclc|Small Cell Lung Cancer|lung:1|lung|.5|Lung|Pleura,Mediastinum|thoracic,supradiaphragmatic,neuroendocrine
skin_non_melanoma|Skin Cancer, Non-Melanoma|skin:1|skin|.3|Skin|Head and Neck|cutaneous,supradiaphragmatic,squamous
small_bowel|Small Bowel Cancer|bowel:1|bowel|.5|Bowel|Biliary tract|portal,peritoneal,upper_abdominal,adenocarcinoma
soft_tissue_sarcoma|Soft Tissue Sarcoma|muscle:1|muscle|.5|||sarcoma
thyroid|Thyroid Cancer|thyroid:1|thyroid|.55|Head and Neck|Mediastinum|cervicofacial,supradiaphragmatic
uterine_sarcoma|Uterine Sarcoma|bladder:1||1|Female Genital|Bladder/UT,Bowel,Ovary|pelvic,peritoneal,gynaecological,sarcoma
"""  # noqa: E501


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


@cache
def cancers() -> tuple[Cancer, ...]:
    """All primaries, sorted by name."""
    result = []
    for line in _ROWS.strip().splitlines():
        name, msk, source, engine, female, own, contact, classes = line.split("|")
        shares = {site: float(share) for site, share in (part.split(":") for part in source.split(","))}
        result.append(
            Cancer(
                name,
                msk,
                MappingProxyType(shares),
                engine,
                float(female),
                _split(own),
                _split(contact),
                _split(classes),
            )
        )
    return tuple(result)


def sex_share(cancer: Cancer, site: str) -> float:
    """Share of the cancer's patients who have the organ."""
    if site in FEMALE_ONLY:
        return cancer.female
    return 1.0 - cancer.female if site in MALE_ONLY else 1.0


def scored(cancer: Cancer, site: str) -> bool:
    """Whether the cell enters fit and scores."""
    return site not in cancer.own and sex_share(cancer, site) > 0.0
