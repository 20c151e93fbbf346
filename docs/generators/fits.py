"""Tables from the shipped fits: values with intervals, errors beside null models, deviances."""

from __future__ import annotations

from typing import Any

from generators.markdown import code, table


def _header(name: str) -> dict[str, Any]:
    from diaspore.inference.artefact import shipped

    return dict(shipped(name).header)


def breast_values() -> str:
    """Free values of both variants of the breast fit with 95 % intervals, beside the priors."""
    from diaspore.inference.breast.variants import KEYS, PRIORS

    units = _header("breast-2026.2")["units"]
    rows = []
    for name, prior in PRIORS.items():
        key, unit = KEYS.get(name, ("", ""))
        cells = []
        for found in units.values():
            if name not in found["optimum"]:
                cells.append("held")
                continue
            low, _, high = found["interval_95"][name]
            cells.append(f"{found['optimum'][name]:.3g} ({low:.3g} to {high:.3g})")
        words = {"normal": f"{prior.first:g} ± {prior.second:g}"}.get(
            prior.family, f"{prior.first:.3g}, {prior.family}, spread {prior.second:g}"
        )
        rows.append((name.replace("_", " "), code(key) if key else "", unit, words, *cells))
    return table(("parameter", "key", "unit", "prior", *units), rows)


def breast_errors() -> str:
    """Errors of both variants on the data that they were fitted to, beside the null model."""
    units = _header("breast-2026.2")["units"]
    what = {
        "mean_error_relapse": "relapse: mean absolute error over 8 strata and 3 years, points",
        "worst_error_relapse": "relapse: largest error, points",
        "mean_error_positive": "P(node positive): mean absolute error over 5 classes of size, points",
        "worst_error_positive": "P(node positive): largest error, points",
        "mean_error_spread": "metastasis at diagnosis: mean absolute error over 3 classes of size, points",
        "deviance_relapse": "deviance of relapse (24 intervals)",
        "deviance_nodes": "deviance of nodes (15 splits)",
        "deviance_spread": "deviance of metastases (3 classes)",
    }
    null = next(iter(units.values()))["score"]["null"]
    rows = [
        (words, *(f"{unit['score']['fit'][key]:.1f}" for unit in units.values()), f"{null[key]:.1f}")
        for key, words in what.items()
    ]
    return table(("", *units, "null: no size, no nodes"), rows)


def seer_deviance() -> str:
    """Deviances of the five cancers of the fit to metastases at diagnosis, beside both nulls."""
    header = _header("seer-2026.1")
    rows = []
    for name, unit in header["units"].items():
        mean, sd = (unit["optimum"][key] for key in header["free_parameters"]["per_unit"])
        found = unit["deviance"]
        rows.append(
            (name, len(unit["size_mm"]), f"{mean:.1f}", f"{sd:.1f}",
             *(f"{found[model]:.2f}" for model in ("fit", "logistic", "constant")))
        )  # fmt: skip
    return table(("cancer", "bins", "mean of b", "sd of b", "deviance", "logistic in ln(size)", "constant"), rows)
