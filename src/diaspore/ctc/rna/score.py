"""Everything about the profiles of cells in one go: EMT scores, axes, state, evidence, flags and calls, in ``obs``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from diaspore.core.errors import InputError
from diaspore.ctc.rna.annotated import warn_all
from diaspore.ctc.rna.axes import RULE, axes, states
from diaspore.ctc.rna.call import LEAST_PROBABILITY, UNASSIGNED, CallModel, called, features, made_model
from diaspore.ctc.rna.emt import gs76_scores, ks_scores
from diaspore.ctc.rna.evidence import PRESENT, evidence
from diaspore.ctc.rna.values import Expression, expression
from diaspore.knowledge.profiles import signature

KEY = "diaspore_profiles"
"""Where notes, rules and lists stand in ``uns``."""
LEAST_WHITE = 0.1
"""Chance of a leukocyte from which a cell is flagged even if no marker of one is found."""
STEMNESS = "not scored: no list of genes of stemness with a source that was read is at hand"


def score_profiles(
    data: Any,
    *,
    signature_name: str = "KS_cellline",
    layer: str | None = None,
    scale: str = "auto",
    symbols: str | None = None,
    model: CallModel | None = None,
    least_probability: float = LEAST_PROBABILITY,
) -> list[str]:
    """Score the cells of an AnnData in place.

    Written to ``obs``: emt_ks (-1 to 1, high mesenchymal), emt_ks_p (one-sided, of that sign), emt_76gs (high
    epithelial, relative to these cells; missing where it cannot be computed), emt_e_axis and emt_m_axis (0 to 1, 0.5 as
    other genes), emt_state, ctc_evidence_KIND (mean log1p CPM of markers), ctc_flag (what speaks against a plain
    tumour cell), ctc_call and ctc_call_probability; ``obsm["ctc_probability"]`` has all probabilities and
    ``uns["diaspore_profiles"]`` the rules and notes.

    Args:
        data: AnnData, cells by genes. signature_name: KS_cellline or KS_tumour.
        layer, scale, symbols: as in `diaspore.ctc.rna.values.expression`.
        model: classifier; left out, the shipped one, which was fitted to made profiles.
        least_probability: below it a cell is unassigned.

    Returns:
        Notes, each of which was also given as a warning.

    Raises:
        InputError: the matrix, a name or too many missing genes.
    """
    lists = signature(signature_name)
    if not lists.epithelial:
        raise InputError(
            f"{signature_name} is no signature of KS", field="signature", allowed=("KS_cellline", "KS_tumour")
        )
    held = expression(data, layer=layer, scale=scale, symbols=symbols)
    low = held.find(lists.epithelial, f"{signature_name} (epithelial)").columns
    high = held.find(lists.mesenchymal, f"{signature_name} (mesenchymal)").columns
    both = np.concatenate([low, high])
    ks = ks_scores(held.log(both), np.arange(len(both)) >= len(low))
    axis = axes(held, {"e": low, "m": high})
    signs = evidence(held)
    model = made_model() if model is None else model
    seen = features(held, signs)
    chance = model.model.probabilities(seen)
    calls = called(chance, model.model.classes, least_probability)
    calls[~_callable(held, model.model.knows(seen))] = UNASSIGNED
    columns: dict[str, Any] = {
        "emt_ks": ks.score,
        "emt_ks_p": np.where(ks.score >= 0, ks.mesenchymal, ks.epithelial),
        "emt_76gs": _gs76(held),
        "emt_e_axis": axis["e"].value,
        "emt_m_axis": axis["m"].value,
        "emt_state": pd.Categorical(states(ks, axis["e"], axis["m"])),
        **{f"ctc_evidence_{kind}": values for kind, values in signs.scores.items()},
        "ctc_flag": _flags(signs.flags(), ks.score, _white(chance, model.model.classes)),
        "ctc_call": pd.Categorical(calls),
        "ctc_call_probability": chance.max(axis=1),
    }
    for name, values in columns.items():
        data.obs[name] = values
    data.obsm["ctc_probability"] = pd.DataFrame(chance, index=data.obs_names, columns=list(model.model.classes))
    data.uns[KEY] = {
        "signature": signature_name, "scale": held.scale, "state_rule": RULE, "stemness": STEMNESS,
        "evidence_threshold": PRESENT, "least_probability": least_probability, "calls_trained_on": model.trained_on,
        "sources": np.array(["tan2014", "byers2013"], dtype=object), "notes": np.array(held.notes, dtype=object),
    }  # fmt: skip
    warn_all(held.notes)
    return held.notes


def _gs76(held: Expression) -> np.ndarray:
    """76GS, or missing values with a note where it cannot be."""
    cells = held.matrix.shape[0]
    found = held.find(signature("76GS").genes, "76GS")
    if "CDH1" not in found.genes:
        held.notes.append("76GS was not computed: CDH1 is missing")
        return np.full(cells, np.nan)
    try:
        scores = gs76_scores(held.log(found.columns), found.genes.index("CDH1"))
    except InputError as error:
        held.notes.append(f"76GS was not computed: {error.problem}")
        return np.full(cells, np.nan)
    if scores.constant.any():
        names = ", ".join(np.array(found.genes)[scores.constant])
        held.notes.append(f"76GS: {int(scores.constant.sum())} genes do not vary and have no weight: {names}")
    return scores.score


def _callable(held: Expression, known: np.ndarray) -> np.ndarray:
    """Cells that may be called: with counts, on a scale with a zero, and not unlike everything the classifier knows."""
    found = known.copy()
    if held.scale == "counts":
        found &= held.totals > 0
    if held.negative:
        found[:] = False
    unlike = int((~found).sum())
    if unlike:
        held.notes.append(
            f"{unlike} of {len(found)} cells are empty or unlike those the classifier learned: unassigned"
        )
    return found


def _white(chance: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """Chance that there is a leukocyte in a cell, by a classifier that knows such classes."""
    return np.asarray(chance[:, ["leukocyte" in name for name in classes]].sum(axis=1))


def _flags(flags: np.ndarray, ks: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Flags of evidence, and of shallow cells that show no marker but may be leukocytes by all of their profile.

    A mesenchymal score of such cells, or with platelets, is said to be doubtful.
    """
    flags = flags.copy()
    hidden = (white >= LEAST_WHITE) & np.array(["leukocyte" not in flag for flag in flags])
    flags[hidden] = [f"{flag}; leukocyte by its profile".removeprefix("; ") for flag in flags[hidden]]
    doubtful = (ks > 0) & np.array(["leukocyte" in flag or "platelets" in flag for flag in flags])
    flags[doubtful] = [f"{flag}; mesenchymal score may be of it" for flag in flags[doubtful]]
    return flags
