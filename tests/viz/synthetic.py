"""Run directories with made-up but plausible numbers, for the tests of pictures and comparisons.

Nothing here is a model of disease; only the layout of the tables and the rough shape of the numbers are meant.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

YEAR = 365.25
SITES = ["bone", "lung", "liver", "brain", "distant_nodes", "adrenal", "skin", "ovary"]
CHANCE = np.array([0.36, 0.2, 0.17, 0.08, 0.1, 0.03, 0.04, 0.02])
STAGES = [
    "shed",
    "lost_in_transit",
    "arrested",
    "died_after_arrest",
    "extravasated",
    "died_in_tissue",
    "dormant",
    "taken",
]


def write_run(
    path: Path,
    patients: int = 2000,
    seed: int = 1,
    follow_up_y: float = 20.0,
    hazard: float = 1.0,
    with_course: bool | None = None,
    metastases: bool = True,
    sex: str = "female",
    primary: str = "breast",
) -> Path:
    """Write a complete run directory; ``hazard`` scales the chance of a relapse, ``metastases=False`` leaves none."""
    rng = np.random.default_rng(seed)
    path.mkdir(parents=True)
    table = _patients(rng, patients, follow_up_y, hazard, metastases, sex, primary)
    lesions = _lesions(np.random.default_rng(seed + 1), table)
    _count(table, lesions)
    visits = _visits(np.random.default_rng(seed + 2), table)
    for name, frame in {"patients": table, "lesions": lesions, "visits": visits, "ledger": _ledger(lesions)}.items():
        folder = path / "tables" / name
        folder.mkdir(parents=True)
        frame.to_parquet(folder / "part-00000.parquet", index=False)
    if with_course if with_course is not None else patients <= 200:
        _course(path / "course.zarr", table, lesions)
    spec = {"schema_version": 1, "kind": "patient", "name": "synthetic", "patients": patients, "hazard": hazard}
    manifest = {"format_version": 1, "kind": "patient", "name": "synthetic", "seed": seed, "status": "complete"}
    (path / "manifest.json").write_text(json.dumps(manifest))
    (path / "spec.yaml").write_text("".join(f"{key}: {value}\n" for key, value in spec.items()))
    (path / "summary.json").write_text(json.dumps({"patients": patients, "seed": seed, "parameter_set": "synthetic"}))
    (path / "citations.json").write_text(json.dumps({}))
    (path / "references.bib").write_text("")
    return path


def _patients(
    rng: np.random.Generator, n: int, follow_up_y: float, hazard: float, metastases: bool, sex: str, primary: str
) -> pd.DataFrame:
    diameter = np.clip(rng.lognormal(np.log(20), 0.55, n), 3, 120)
    doubling = rng.lognormal(np.log(140), 0.5, n)
    end = np.full(n, follow_up_y * YEAR)
    nodes = rng.poisson(np.exp(-1.2 + 0.045 * diameter) * rng.gamma(0.6, 1.6, n))
    examined = np.maximum(rng.poisson(14, n), 1)
    positive = np.minimum(rng.binomial(nodes, 0.9), examined)
    chance = hazard * (1 - np.exp(-0.012 * diameter - 0.06 * np.minimum(nodes, 15)))
    early, late = rng.gamma(3, 0.75, n), 2 + rng.gamma(1.6, 4.5, n)
    when = np.where(rng.random(n) < 0.55, early, late) * YEAR
    relapse = np.where((rng.random(n) < chance) & metastases, when, np.nan)
    m1 = metastases & (rng.random(n) < 0.0015 * diameter)
    relapse[m1] = np.nan
    start = np.where(m1, 0.0, relapse)
    other = rng.weibull(2.5, n) * 27 * YEAR
    cancer = start + rng.gamma(2, 1.1, n) * YEAR
    death = np.fmin(cancer, other)
    cause = np.where(death == cancer, "cancer", "other")
    alive = ~(death <= end)
    death[alive], cause[alive] = np.nan, "alive"
    stop = np.where(alive, end, death)
    relapse[~(relapse <= stop)] = np.nan
    t_stage = np.select([diameter <= 20, diameter <= 50], ["T1", "T2"], "T3")
    n_stage = np.select([positive == 0, positive <= 3, positive <= 9], ["N0", "N1", "N2"], "N3")
    group = np.select(
        [m1, (n_stage == "N2") | (n_stage == "N3"), (t_stage == "T1") & (n_stage == "N0")], ["IV", "III", "I"], "II"
    )
    had = m1 | ~np.isnan(relapse)
    return pd.DataFrame(
        {
            "patient": np.arange(n),
            "sex": sex,
            "age_at_diagnosis_y": np.clip(rng.normal(61, 12, n), 25, 95),
            "primary": primary,
            "doubling_time_d": doubling,
            "diameter_at_diagnosis_mm": diameter,
            "inception_d": -doubling * (30 + 3 * np.log2(diameter / 20)),
            "detection": np.where(rng.random(n) < 0.4, "screen", "clinical"),
            "t_stage": t_stage,
            "n_stage": n_stage,
            "m_stage": np.where(m1, "M1", "M0"),
            "stage_group": group,
            "nodes_involved": nodes.astype(np.int32),
            "nodes_examined": examined.astype(np.int32),
            "nodes_positive": positive.astype(np.int32),
            "occult_metastases": np.where(had, rng.poisson(2, n), 0).astype(np.int32),
            "metastases_seeded": 0,
            "sites_with_metastasis": 0,
            "relapse_d": relapse,
            "relapse_kind": np.where(
                np.isnan(relapse), "none", rng.choice(["distant", "local", "regional"], n, p=[0.8, 0.14, 0.06])
            ),
            "relapse_site": "",
            "distant_relapse_d": np.nan,
            "death_d": death,
            "death_cause": cause,
            "death_site": "",
            "followup_d": stop,
            "ctc_per_ml_at_diagnosis": rng.lognormal(-4.5, 1.4, n) * (diameter / 20) ** 1.4 * np.where(m1, 25, 1),
            "dormant_cells_at_end": rng.poisson(np.where(had, 40, 4)).astype(float),
            "burden_at_end_mm3": 0.0,
        }
    )


def _lesions(rng: np.random.Generator, patients: pd.DataFrame) -> pd.DataFrame:
    m1 = (patients.m_stage == "M1").to_numpy()
    start = np.where(m1, 0.0, patients.relapse_d)
    who = np.flatnonzero(~np.isnan(start))
    rows = np.repeat(who, rng.integers(1, 8, who.size))
    n = rows.size
    first = np.r_[True, rows[1:] != rows[:-1]] if n else np.zeros(0, bool)
    stop = patients.followup_d.to_numpy()[rows]
    site = rng.choice(SITES, n, p=CHANCE)
    detected = start[rows] + np.where(first, 0, rng.exponential(300, n))
    waking = detected - rng.gamma(6, 150, n)
    seeded = np.minimum(np.maximum(waking - rng.exponential(600, n), -3500), waking)
    detected = np.where(detected <= stop, detected, np.nan)
    late = seeded > stop
    seeded, waking = np.where(late, stop - 10, seeded), np.where(waking <= stop, waking, np.nan)
    growing = ~np.isnan(waking)
    age = np.where(growing, stop - np.nan_to_num(waking), 0)
    volume = np.where(growing, np.minimum(1e-3 * np.exp(age / 70.0), 4e5), 1e-6)
    fate = np.where(growing, "growing", rng.choice(["dormant", "held", "avascular", "angiogenic_dormant"], n))
    removed = np.where(growing & (rng.random(n) < 0.05), np.nan_to_num(detected, nan=0.0) + 60, np.nan)
    removed[~(removed <= stop)] = np.nan
    fate = np.where(np.isnan(removed), fate, "removed")
    at_zero = np.where(
        growing & (waking < 0), (6 / np.pi * np.minimum(1e-3 * np.exp(-waking / 70.0), 4e5)) ** (1 / 3), 0.0
    )
    distant = pd.DataFrame(
        {
            "patient": patients.patient.to_numpy()[rows],
            "lesion": np.arange(1, n + 1, dtype=np.uint64),
            "parent": np.zeros(n, np.uint64),
            "generation": np.ones(n, np.int16),
            "site": site,
            "station": np.full(n, -1, np.int16),
            "node": np.full(n, -1, np.int16),
            "route": rng.choice(["haematogenous", "lymphatic"], n, p=[0.9, 0.1]),
            "clone": np.zeros(n, np.int16),
            "founder_cells": rng.integers(1, 5, n).astype(np.int16),
            "founder_clones": np.ones(n, np.int16),
            "seeded_d": seeded.astype(np.float32),
            "waking_d": waking.astype(np.float32),
            "vascularised_d": (waking + 200).astype(np.float32),
            "detected_d": detected.astype(np.float32),
            "removed_d": removed.astype(np.float32),
            "fate": fate,
            "diameter_at_diagnosis_mm": at_zero.astype(np.float32),
            "volume_at_end_mm3": np.where(np.isnan(removed), volume, 0).astype(np.float32),
        }
    )
    return pd.concat([distant, _nodal(rng, patients, n)], ignore_index=True).astype({"station": np.int16})


def _nodal(rng: np.random.Generator, patients: pd.DataFrame, first_id: int) -> pd.DataFrame:
    rows = np.repeat(np.arange(len(patients)), np.minimum(patients.nodes_involved.to_numpy(), 12))
    n = rows.size
    seeded = -rng.gamma(3, 250, n)
    return pd.DataFrame(
        {
            "patient": patients.patient.to_numpy()[rows],
            "lesion": np.arange(first_id + 1, first_id + n + 1, dtype=np.uint64),
            "parent": np.zeros(n, np.uint64),
            "generation": np.ones(n, np.int16),
            "site": "regional_nodes",
            "station": np.zeros(n, np.int16),
            "node": np.arange(n).astype(np.int16) % 20,
            "route": "lymphatic",
            "clone": np.zeros(n, np.int16),
            "founder_cells": np.ones(n, np.int16),
            "founder_clones": np.ones(n, np.int16),
            "seeded_d": seeded.astype(np.float32),
            "waking_d": (seeded * 0.8).astype(np.float32),
            "vascularised_d": (seeded * 0.6).astype(np.float32),
            "detected_d": np.zeros(n, np.float32),
            "removed_d": np.full(n, 14, np.float32),
            "fate": "removed",
            "diameter_at_diagnosis_mm": rng.gamma(2, 2, n).astype(np.float32),
            "volume_at_end_mm3": np.zeros(n, np.float32),
        }
    )


def _count(patients: pd.DataFrame, lesions: pd.DataFrame) -> None:
    distant = lesions[lesions.station < 0]
    patients["metastases_seeded"] = (
        distant.groupby("patient").size().reindex(patients.patient, fill_value=0).to_numpy("int32")
    )
    seen = distant[distant.detected_d.notna()]
    sites = seen.groupby("patient").site.nunique().reindex(patients.patient, fill_value=0)
    patients["sites_with_metastasis"] = sites.to_numpy("int32")
    first = (
        seen.sort_values("detected_d").drop_duplicates("patient").set_index("patient").site.reindex(patients.patient)
    )
    relapsed = patients.relapse_d.notna().to_numpy()
    patients["relapse_site"] = np.where(relapsed, first.fillna("").to_numpy(str), "")
    patients["distant_relapse_d"] = patients.relapse_d.where(patients.relapse_kind == "distant")
    patients["death_site"] = np.where(patients.death_cause == "cancer", first.fillna("").to_numpy(str), "")
    volume = distant.groupby("patient").volume_at_end_mm3.sum().reindex(patients.patient, fill_value=0)
    patients["burden_at_end_mm3"] = volume.to_numpy(float)


def _visits(rng: np.random.Generator, patients: pd.DataFrame) -> pd.DataFrame:
    few = patients.head(500)
    parts = []
    for row in few.itertuples():
        days = np.r_[0.0, np.arange(0.5, 5.1, 0.5), np.arange(6, 21)] * YEAR
        days = days[days <= row.followup_d]
        kinds = np.where(days == 0, "diagnosis", "follow-up").astype(object)
        if not np.isnan(row.relapse_d):
            days, kinds = np.r_[days, row.relapse_d], np.append(kinds, "symptom")
        order = np.argsort(days)
        n = days.size
        parts.append(
            pd.DataFrame(
                {
                    "patient": row.patient,
                    "visit": np.arange(n, dtype=np.int16),
                    "day": days[order].astype(np.float32),
                    "kind": kinds[order],
                    "primary_mm3": np.where(days[order] == 0, np.pi / 6 * row.diameter_at_diagnosis_mm**3, 0).astype(
                        np.float32
                    ),
                    "nodal_mm3": np.zeros(n, np.float32),
                    "metastatic_mm3": np.zeros(n, np.float32),
                    "lesions_detected": np.zeros(n, np.int32),
                    "ctc_per_ml_arm": rng.lognormal(-4, 1, n).astype(np.float32),
                    "ctc_count": rng.poisson(0.3, n).astype(np.int32),
                    "tube_ml": np.full(n, 7.5, np.float32),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _ledger(lesions: pd.DataFrame) -> pd.DataFrame:
    rows = []
    routes = {"haematogenous": (1e12, SITES), "lymphatic": (3e10, ["regional_nodes", "distant_nodes"])}
    for route, (shed, sites) in routes.items():
        for index, site in enumerate(sites):
            part = shed / 2 ** (index + 1)
            arrested, out = 0.4 * part, 0.4 * part * 2e-3
            own = lesions[(lesions.site == site) & (lesions.route == route)]
            taken = float(len(own))
            flow = [part, part - arrested, arrested, arrested - out, out, out * (1 - 1e-4) - taken, out * 1e-4, taken]
            flow += [float((own.fate == "growing").sum()), float(own.detected_d.notna().sum()), float(len(own) // 9)]
            rows += [
                (stage, route, site, cells)
                for stage, cells in zip([*STAGES, "grown", "detected", "fatal"], flow, strict=True)
            ]
    return pd.DataFrame(rows, columns=["stage", "route", "site", "cells"]).astype({"cells": float})


def _course(path: Path, patients: pd.DataFrame, lesions: pd.DataFrame) -> None:
    import xarray as xr

    start = float(max(patients.inception_d.min(), -5000))
    time = np.arange(start, patients.followup_d.max() + 30, 30.0)
    n, nt = len(patients), time.size
    sites = [*SITES, "kidney"]
    burden, count = np.zeros((n, nt, len(sites))), np.zeros((n, nt, len(sites)))
    index = {patient: i for i, patient in enumerate(patients.patient)}
    for row in lesions[lesions.station < 0].itertuples():
        i, j = index[row.patient], sites.index(row.site)
        wake = row.waking_d if np.isfinite(row.waking_d) else np.inf
        grown = np.where(time >= wake, np.minimum(1e-3 * np.exp(np.maximum(time - wake, 0) / 70), 4e5), 1e-6)
        gone = time > (row.removed_d if np.isfinite(row.removed_d) else np.inf)
        alive = (time >= row.seeded_d) & ~gone
        burden[i, :, j] += np.where(alive, grown, 0.0)
        count[i, :, j] += alive
    volume = np.pi / 6 * patients.diameter_at_diagnosis_mm.to_numpy() ** 3
    tau = patients.doubling_time_d.to_numpy() / np.log(2)
    primary = np.where(time[None] <= 10, volume[:, None] * np.exp(np.minimum(time[None], 0) / tau[:, None]), 0.0)
    primary = np.where(time[None] >= patients.inception_d.to_numpy()[:, None], primary, 0.0)
    nodal = 0.02 * primary
    dead = time[None] > patients.followup_d.to_numpy()[:, None]
    ctc = (primary / 4e3 + burden.sum(2) / 4e3)[:, :, None] * np.array([1.0, 0.3, 0.02, 0.01]) * 0.05
    hybrid = np.broadcast_to(0.1 + 0.1 / (1 + np.exp(-time / 900)), (n, nt))
    fractions = np.stack([1 - 1.6 * hybrid, hybrid, 0.6 * hybrid], axis=2)
    niche = 1 / (1 + np.exp(-(np.log10(primary + 1)[:, :, None] - np.linspace(2.5, 4, len(sites)))))
    systemic = np.repeat(np.log1p(primary)[:, :, None], 8, axis=2)
    for values in (burden, primary, nodal, ctc, niche, systemic, fractions):
        values[dead] = np.nan
    populations = (
        "fibroblast,macrophage,neutrophil_mdsc,t_cell,nk_cell,platelet,endothelial_progenitor,haematopoietic_progenitor"
    )
    dataset = xr.Dataset(
        {
            "burden_mm3": (("patient", "time", "site"), burden),
            "primary_mm3": (("patient", "time"), primary),
            "nodal_mm3": (("patient", "time"), nodal),
            "lesions": (("patient", "time", "site"), count),
            "ctc_per_ml": (("patient", "time", "compartment"), ctc),
            "fractions": (("patient", "time", "phenotype"), fractions),
            "niche": (("patient", "time", "site"), niche),
            "hypoxia": (("patient", "time"), np.clip(primary / 5e4, 0, 1)),
            "systemic": (("patient", "time", "population"), systemic),
        },
        coords={
            "patient": patients.patient.to_numpy(),
            "time": time,
            "site": sites,
            "compartment": ["portal", "central_venous", "arterial", "arm"],
            "phenotype": ["E", "H", "M"],
            "population": populations.split(","),
        },
    )
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr warns that fixed-length strings are not yet part of the v3 standard
        dataset.to_zarr(path, mode="w", consolidated=False)
