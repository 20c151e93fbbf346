"""Every row of every shipped table, and the numbers that must agree with one another."""

from __future__ import annotations

import csv
import math
import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from diaspore.core.errors import InputError
from diaspore.core.units import registry
from diaspore.knowledge.load import (
    GRADES,
    Row,
    fact,
    facts,
    parse_table,
    read_table,
    references,
    table,
    table_frame,
    table_names,
)

ROWS = {
    "body": 16,
    "bottleneck_fits": 112,
    "breast_drainage": 5,
    "capillaries": 51,
    "cascade": 36,
    "cavities": 43,
    "cells": 51,
    "compartments_female": 28,
    "compartments_male": 28,
    "ctc_assays": 48,
    "ctc_cells": 29,
    "ctc_cutoffs": 45,
    "ctc_kinetics": 58,
    "detection": 22,
    "drug_pk": 322,
    "drug_reach": 6,
    "flow_edges_female": 50,
    "flow_edges_male": 50,
    "growth": 51,
    "immune_rates": 53,
    "invasion_models": 35,
    "lever_strengths": 18,
    "levers": 20,
    "lymph": 22,
    "lymph_hmm": 21,
    "microenvironment": 206,
    "nodal_stations": 63,
    "nodes_by_size": 32,
    "organs": 170,
    "pathway_drugs": 80,
    "pathway_genes": 416,
    "pathway_levers": 61,
    "pathways": 34,
    "pk_models": 65,
    "portal": 14,
    "predicted_trials": 44,
    "primaries": 17,
    "ready_cancers": 57,
    "relapse_km": 828,
    "seer_size_metastasis": 118,
    "site_map": 30,
    "survival": 130,
    "tissue_biology": 8,
    "tissue_cells": 37,
    "tissue_lattice": 32,
    "tissue_vessels": 49,
    "treatment_effects": 22,
    "tropism": 567,
    "tropism_literature": 139,
}

HEADER = "key,value,unit,low,high,source,grade,note\n"
GOOD = "a.b,1,day,,,icrp89,patients,no interval known\n"


def test_tables_are_all_listed() -> None:
    assert {name: len(table(name)) for name in table_names()} == ROWS


def test_keys_are_unique_over_all_tables() -> None:
    assert len(facts()) == sum(ROWS.values())


@pytest.mark.parametrize("name", sorted(ROWS))
def test_every_row_has_source_grade_and_unit(name: str) -> None:
    known = references()
    for row in table(name):
        assert row.source in known, row.key
        assert row.grade in GRADES, row.key
        registry().parse_units(row.unit)
        assert row.note, row.key


def test_recalled_numbers_are_graded_assumed() -> None:
    # A cell may hold a second, recalled column (a node count, a range) beside a confirmed value.
    exempt = {"station.breast.axilla_1", "breast_drainage.axilla_share"}
    for row in facts().values():
        if row.key in exempt or "replaces a recalled" in row.note or "recalled healthy share" in row.note:
            continue
        if "threshold of positivity recalled" in row.note:
            continue
        if "recalled" in row.note or "not confirmed" in row.note:
            assert row.grade == "assumed", row.key


def test_values_without_any_source_are_graded_assumed() -> None:
    assert {row.grade for row in facts().values() if row.source == "diaspore"} == {"assumed"}


def test_every_table_has_its_line_in_sources() -> None:
    import diaspore.knowledge

    text = (Path(diaspore.knowledge.__file__).parent / "tables" / "SOURCES.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    listed = {name.strip() for cell in cells for name in cell.split(",")} - {"table"}
    assert listed == set(ROWS)


def test_references_have_a_title() -> None:
    assert len(references()) > 150
    for key, entry in references().items():
        assert entry.fields.get("title"), key


def test_portal_tributaries_sum() -> None:
    for sex, total in (("male", 19.0), ("female", 21.0)):
        parts = [row for row in table("portal") if row["sex"] == sex]
        inflow = sum(row.value for row in parts if row["tributary"] not in ("total", "hepatic_artery"))
        assert inflow == total == fact(f"portal.{sex}.total").value
        assert fact(f"portal.{sex}.hepatic_artery").value == 6.5


def test_liver_flow_of_the_organ_table_differs_for_women_only() -> None:
    assert fact("organ.male.liver_total.flow_share").value == 25.5
    assert fact("organ.female.liver_total.flow_share").value == 27.0  # the network has 27.5
    assert "27.5" in fact("organ.female.liver_total.flow_share").note
    assert fact("flow.female.liver.large_veins").value == 27.5


def test_lymph_shares_sum_to_one() -> None:
    shares = [row.value for row in table("lymph") if row.key.startswith("lymph.share.")]
    assert sum(shares) == pytest.approx(1.0, abs=1e-12)


def test_cascade_product() -> None:
    product = 1.0
    for step in ("extravasated", "micrometastasis", "macrometastasis"):
        product *= fact(f"cascade.luzzi.{step}").value
    assert product == pytest.approx(2e-4) == fact("cascade.luzzi.overall").value


def test_corrected_values_are_the_ones_shipped() -> None:
    assert fact("cascade.fidler.alive_24h").value == 0.01  # not the textbook < 0.1 %
    assert fact("survival.tubiana.median_diameter").to("cm") == 3.5  # not 3.6
    assert fact("cavity.peritoneum.surface").value == 1.3
    assert fact("breast_drainage.im_visible.lower_inner").value == 0.20
    assert fact("survival.stage_relative.breast_regional").value == 0.87


def test_tropism_is_complete() -> None:
    rows = table("tropism")
    assert len({row["msk_primary"] for row in rows}) == 27
    assert len({row["msk_site"] for row in rows}) == 21
    assert set(Counter(row["msk_primary"] for row in rows).values()) == {21}
    # The comma in this name must survive the file format.
    skin = [row for row in rows if row["msk_primary"] == "Skin Cancer, Non-Melanoma"]
    assert len(skin) == 21
    assert {row["n_metastatic"] for row in skin} == {"50"}
    per_primary = {row["msk_primary"]: int(row["n_metastatic"]) for row in rows}
    assert sum(per_primary.values()) == 21_546
    for row in rows:
        assert row.value == pytest.approx(row.number("patients_with_site") / row.number("n_metastatic"), abs=1e-6)
        assert row.number("patients_with_site") <= row.number("n_metastatic") <= row.number("n_patients")


def test_seer_rows_below_one_centimetre_are_flagged() -> None:
    for row in table("seer_size_metastasis"):
        assert (row["usable"] == "yes") == (row.number("size_cm") >= 1.0)
        assert row.value == pytest.approx(row.number("metastatic") / row.number("n"), abs=1e-6)
    assert fact("seer.nsclc.0p1cm").value == pytest.approx(0.0976, abs=1e-4)  # the artefact


def test_nodes_by_size_shares_sum_to_one() -> None:
    sums: defaultdict[tuple[str, str], float] = defaultdict(float)
    for row in table("nodes_by_size"):
        sums[row["dataset"], row["size_mm"]] += row.value
    assert all(total == pytest.approx(1.0, abs=1e-5) for total in sums.values())


def test_survival_curves_never_rise() -> None:
    curves: dict[str, list[Row]] = {}
    for row in table("relapse_km"):
        if row["metric"] == "survival":
            curves.setdefault(row.key.rsplit(".y", 1)[0], []).append(row)
    for rows in curves.values():
        rows.sort(key=lambda row: row.number("time_year"))
        values = [row.value for row in rows]
        assert values == sorted(values, reverse=True)
    assert fact("relapse.rotterdam.time_to_recurrence.nodes.n0.survival.y5").value == pytest.approx(0.728, abs=5e-4)


def test_microenvironment_agrees_with_the_tables_it_is_derived_from() -> None:
    for cell in ("macrophage", "cd8_t", "nk", "neutrophil"):
        radius = fact(f"cell.{cell}.radius").to("um")
        assert fact(f"micro.{cell}.volume").to("um**3") == pytest.approx(4 / 3 * math.pi * radius**3, rel=5e-3)
    for key, other in (
        ("cd8_t.kills_in_contact", "cell.cd8_t.kill_rate"),
        ("cd8_t.exhaustion", "cell.cd8_t.exhaustion_rate"),
        ("macrophage.phagocytosis", "cell.macrophage.phagocytosis_rate"),
        ("matrix.loss_contact", "lattice.ecm.contact_loss"),
        ("ccl2.decay", "immune.k_ccl2_deg"),
        ("ifng.decay", "immune.k_ifng_deg"),
        ("il10.decay", "immune.k_il10_deg"),
    ):
        assert fact(f"micro.{key}").to("1/min") == pytest.approx(fact(other).to("1/min"), rel=5e-3), key
        assert fact(f"micro.{key}").unit == "1/min"
    # Two ways to write the diffusion of proteins measured in a gel.
    assert fact("micro.igf1.diffusion_gel").to("cm**2/s") == pytest.approx(1.59e-6, rel=5e-3)
    for row in table("microenvironment"):
        assert row.key.startswith("micro.")
        if row.source == "diaspore":
            assert row.low is not None or "no interval known" in row.note


def test_table_frame() -> None:
    frame = table_frame("tropism")
    assert len(frame) == 567
    assert frame["value"].dtype == float
    assert frame["n_metastatic"].sum() == 21_546 * 21
    assert table_frame("body")["sex"].tolist()[0] == "male"


def test_facts_convert() -> None:
    assert fact("growth.tvdt.breast").to("day") == 193.0
    assert fact("body.male.cardiac_output").to("mL/min") == pytest.approx(6500.0)
    assert fact("flow.male.liver.large_veins").to("dimensionless") == pytest.approx(0.255)
    with pytest.raises(InputError, match="dimension"):
        fact("growth.tvdt.breast").to("mm")


def test_unknown_names() -> None:
    with pytest.raises(InputError, match="did you mean 'tropism'"):
        table("tropsim")
    with pytest.raises(InputError, match=r"growth\.tvdt\.breast"):
        fact("growth.tvdt.brest")


def test_a_good_row_is_read() -> None:
    [row] = parse_table(HEADER + GOOD, "x")
    assert (row.key, row.value, row.unit, row.low, row.line) == ("a.b", 1.0, "day", None, 2)


@pytest.mark.parametrize(
    ("line", "field", "words"),
    [
        (GOOD.replace("patients", "patient"), "grade", "did you mean 'patients'"),
        (GOOD.replace("patients", ""), "grade", "missing"),
        (GOOD.replace("icrp89", ""), "source", "missing"),
        (GOOD.replace("icrp89", "icrp88"), "source", "did you mean 'icrp89'"),
        (GOOD.replace("day", "dya"), "unit", "not a unit"),
        (GOOD.replace("day", ""), "unit", "not a unit"),
        (GOOD.replace(",1,", ",one,"), "value", "not a number"),
        (GOOD.replace(",1,", ",nan,"), "value", "not finite"),
        (GOOD.replace(",1,day,,,", ",1,day,2,3,"), "value", "outside"),
        (GOOD.replace("no interval known", ""), "note", "no interval known"),
        (GOOD.replace("a.b", ""), "key", "empty"),
        (GOOD + GOOD, "key", "given twice"),
    ],
)
def test_a_bad_row_names_file_line_and_field(line: str, field: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        parse_table(HEADER + line, "x")
    assert (caught.value.file, caught.value.field) == ("x.csv", field)
    assert caught.value.line in (2, 3)


def test_a_missing_column_and_a_short_row() -> None:
    with pytest.raises(InputError, match="column grade is missing"):
        parse_table(HEADER.replace("grade,", ""), "x")
    with pytest.raises(InputError, match="7 cells, the header has 8"):
        parse_table(HEADER + "a,1,day,,,icrp89,patients\n", "x")


def test_a_table_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + GOOD, encoding="utf-8")
    assert read_table(path)[0].table == "mine"
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path / "absent.csv")


# Point this at a folder with the original data files to compare the tables with what they were taken from.
SOURCE_DATA = Path(os.environ.get("DIASPORE_SOURCE_DATA", "/nonexistent"))
needs_source = pytest.mark.skipif(not SOURCE_DATA.is_dir(), reason="DIASPORE_SOURCE_DATA is not set")


def _source(name: str) -> list[dict[str, str]]:
    with (SOURCE_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@needs_source
@pytest.mark.parametrize("sex", ["female", "male"])
def test_flows_equal_the_original(sex: str) -> None:
    original = {
        (row["from"], row["to"]): float(row["percent_cardiac_output"])
        for row in _source(f"icrp89_bloodflow_edges_{sex}.csv")
    }
    assert {(row["from"], row["to"]): row.value for row in table(f"flow_edges_{sex}")} == original
    times = {row["28"]: float(row["MTT estimate"]) for row in _source(f"icrp89_compartments_{sex}.csv")}
    assert {row["node"]: row.number("transit_s") for row in table(f"compartments_{sex}")} == pytest.approx(
        times, rel=1e-5
    )


@needs_source
def test_tropism_equals_the_original() -> None:
    original = {
        (row["primary"], row["site"]): (row["patients_with_site"], row["n_metastatic"])
        for row in _source("tropism_mskmet_matrix.csv")
    }
    shipped = {
        (row["msk_primary"], row["msk_site"]): (row["patients_with_site"], row["n_metastatic"])
        for row in table("tropism")
    }
    assert shipped == original


@needs_source
def test_seer_equals_the_original() -> None:
    original = {
        (row["cancer"], float(row["size_bin_cm"])): (float(row["n"]), float(row["value"]))
        for row in _source("seer_size_metastasis.csv")
        if row["table"] == "obs.pmet.data"
    }
    shipped = {
        (row["seer_cancer"], row.number("size_cm")): (row.number("n"), row.value)
        for row in table("seer_size_metastasis")
    }
    assert shipped.keys() == original.keys()
    for key, (n, value) in shipped.items():
        assert n == original[key][0]
        assert value == pytest.approx(original[key][1], abs=1e-6)
