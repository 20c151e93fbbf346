"""Evidence for kinds of cells beside every score: leukocyte, platelet, epithelium, endothelium, red cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.ctc.rna.values import Expression
from diaspore.knowledge.profiles import markers

PRESENT = 1.0
"""Mean log1p CPM of the markers of a kind from which there is evidence of it: about two markers of a shallow cell."""
KINDS = ("leukocyte", "platelet", "epithelial", "endothelial", "erythroid")


@dataclass(frozen=True)
class Evidence:
    """Evidence in cells.

    Attributes:
        scores: kind -> (cells,) mean log1p CPM of its markers.
        present: kind -> (cells,) bool, there is evidence; of a leukocyte also wherever PTPRC (CD45) is found.
    """

    scores: dict[str, np.ndarray]
    present: dict[str, np.ndarray]

    def flags(self) -> np.ndarray:
        """(cells,) what speaks against a plain tumour cell, in words; "" where nothing does."""
        words = {
            "leukocyte": "leukocyte", "platelet": "platelets", "endothelial": "endothelium", "erythroid": "red cell",
        }  # fmt: skip
        found = np.full(len(self.scores["leukocyte"]), "", dtype=object)
        for kind, word in words.items():
            here = self.present[kind]
            found[here] = [f"{old}; {word}" if old else word for old in found[here]]
        both = self.present["leukocyte"] & self.present["epithelial"]
        found[both] = [f"{old}; leukocyte and epithelium together" for old in found[both]]
        return found


def evidence(data: Expression) -> Evidence:
    """Scores of markers (recalled from textbooks, see ``knowledge/profile_data``).

    Raises:
        InputError: more than half of the markers of a kind are missing.
    """
    scores, present = {}, {}
    for kind in KINDS:
        found = data.find(markers()[kind], f"the markers of {kind} cells")
        values = data.log(found.columns)
        scores[kind] = values.mean(axis=1)
        present[kind] = scores[kind] >= PRESENT
        if "PTPRC" in found.genes:
            level = values[:, found.genes.index("PTPRC")]
            if level.min() == 0:  # else nothing is "not found", as on arrays
                present[kind] |= level > 0
    return Evidence(scores, present)
