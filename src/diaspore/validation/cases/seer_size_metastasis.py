"""Metastases known at diagnosis by size, five cancers, from the shipped fit."""

from __future__ import annotations

import numpy as np

from diaspore.inference.artefact import shipped
from diaspore.inference.data import size_bins
from diaspore.inference.fits.seer import FREE, curve_of, deviances
from diaspore.validation.registry import Result

FIT = "seer-2026.1"


def run() -> Result:
    """Deviances, recomputed from the shipped optimum and bank and from the table as it is now."""
    result = Result()
    header = shipped(FIT).header
    changed = [d["unit"] for d in header["data"] if size_bins(d["unit"]).sha256 != d["sha256"]]
    result.add("data_checksums", len(changed), reason=", ".join(changed))
    result.add("free_parameters_per_cancer", len(header["free_parameters"]["per_unit"]))
    for cancer, unit in header["units"].items():
        bins = size_bins(cancer)
        theta = np.array([[unit["optimum"][key] for key in FREE]])
        found = deviances(bins, curve_of(header, cancer, bins.size_mm)(theta)[0])
        total, by_bin = found["deviance"], found["deviance_by_bin"]
        text = f"fit {total['fit']:.1f}, constant {total['constant']:.1f}, logistic {total['logistic']:.1f}"
        for null in ("constant", "logistic"):
            result.add(f"{cancer}_beyond_{null}", total["fit"] - total[null], null={null: total[null]}, reason=text)
        for i, size in enumerate(bins.size_mm):
            name = f"{cancer}_{size / 10.0:g}cm".replace(".", "p")
            nulls = {null: float(by_bin[null][i]) for null in ("constant", "logistic")}
            result.add(name, float(by_bin["fit"][i]), null=nulls)
    return result
