"""The counts of MSK-MET with the covariates of each cell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from diaspore.inference.data import rows_sha256
from diaspore.inference.tropism.cancers import FEMALE_ONLY, MALE_ONLY, SITES, Cancer, cancers, scored, sex_share
from diaspore.inference.tropism.flows import arrivals_of
from diaspore.knowledge.anatomy import tropism_all
from diaspore.knowledge.load import table as knowledge_table


@dataclass(frozen=True)
class Table:
    """Counts by primary and site; arrays of shape (primaries, sites).

    Attributes:
        cancers: rows.
        sites: columns, names of MSK-MET.
        found: patients with the site.
        of: metastatic patients who have the organ (rounded from the assumed share of women).
        metastatic: (primaries,) metastatic patients.
        has_organ: share of patients with the organ.
        counts: True for cells that enter fit and scores.
        ln_flow: ln arrivals, less the row's mean over sites that both sexes have; 0 where nobody has the organ.
        sha256: checksum of the rows of the knowledge table that were used.
    """

    cancers: tuple[Cancer, ...]
    sites: tuple[str, ...]
    found: np.ndarray
    of: np.ndarray
    metastatic: np.ndarray
    has_organ: np.ndarray
    counts: np.ndarray
    ln_flow: np.ndarray
    sha256: str

    @property
    def observed(self) -> np.ndarray:
        """Share of metastatic patients with the site, nan in cells that do not count."""
        result: np.ndarray = np.where(self.counts, self.found / self.metastatic[:, None], np.nan)
        return result

    @property
    def among_owners(self) -> np.ndarray:
        """Share among those who have the organ, nan in cells that do not count."""
        result: np.ndarray = np.where(self.counts, self.found / np.maximum(self.of, 1), np.nan)
        return result

    def rows(self, keep: np.ndarray) -> Table:
        """The table of some primaries."""
        names = ("found", "of", "metastatic", "has_organ", "counts", "ln_flow")
        chosen = tuple(c for c, k in zip(self.cancers, keep, strict=True) if k)
        return replace(self, cancers=chosen, **{name: getattr(self, name)[keep] for name in names})


def load_table() -> Table:
    """All primaries and anatomical sites. Source: nguyen2022."""
    rows, sites = cancers(), tuple(SITES)
    published = [tropism_all(c.msk) for c in rows]
    found = np.array([[counts[site][0] for site in sites] for counts in published])
    metastatic = np.array([counts[sites[0]][1] for counts in published])
    has_organ = np.array([[sex_share(c, site) for site in sites] for c in rows])
    of = np.maximum(np.rint(metastatic[:, None] * has_organ).astype(int), found)
    flow = np.array([arrivals_of(c) for c in rows])
    everyone = [site not in FEMALE_ONLY + MALE_ONLY for site in sites]
    ln_flow = np.log(np.where(has_organ > 0.0, flow, 1.0))
    ln_flow -= ln_flow[:, everyone].mean(axis=1, keepdims=True)
    ln_flow[has_organ == 0.0] = 0.0
    names = {c.msk for c in rows}
    used = [r for r in knowledge_table("tropism") if r["msk_primary"] in names and r["msk_site"] in sites]
    return Table(
        cancers=rows,
        sites=sites,
        found=found,
        of=of,
        metastatic=metastatic,
        has_organ=has_organ,
        counts=np.array([[scored(c, site) for site in sites] for c in rows]),
        ln_flow=ln_flow,
        sha256=rows_sha256(used),
    )
