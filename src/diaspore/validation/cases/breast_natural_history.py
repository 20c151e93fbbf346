"""The shipped fit of breast cancer's natural history, on engine patients that it has not seen."""

from __future__ import annotations

from diaspore.inference.artefact import shipped
from diaspore.inference.breast.outcome import null, score, simulate
from diaspore.inference.breast.targets import targets
from diaspore.inference.breast.variants import VARIANTS
from diaspore.validation.registry import Result

FIT = "breast-2026.2"
PATIENTS, FIRST, SEED = 12_000, 1_000_000, 1


def run() -> Result:
    """Errors of both variants beside those of the null model."""
    result = Result()
    header, data = shipped(FIT).header, targets()
    changed = [row["table"] for row in header["data"] if data.sha256[row["table"]] != row["sha256"]]
    result.add("data_checksums", len(changed), reason=", ".join(changed))
    nothing = score(data, null(data))
    for name, variant in VARIANTS.items():
        found = score(data, simulate(variant, header["units"][name]["optimum"], PATIENTS, SEED, FIRST))
        for check, field in (
            ("relapse_mean_error_pp", "mean_error_relapse"),
            ("node_positive_worst_pp", "worst_error_positive"),
            ("metastasis_mean_error_pp", "mean_error_spread"),
        ):
            result.add(f"{name}_{check}", getattr(found, field), null={"pooled": getattr(nothing, field)})
    return result
