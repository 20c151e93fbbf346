"""The drug base: every entry has a source and a grade, levers and genes are known, and drugs are found."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from diaspore.cli.application import app
from diaspore.core.errors import InputError
from diaspore.core.messages import FACTOR_LEVERS, RATE_LEVERS
from diaspore.knowledge import drugs as module
from diaspore.knowledge.drugs import FIELDS, STATUSES, drug, drug_names, drugs, selected, unconfirmed
from diaspore.knowledge.explain import explain, listing
from diaspore.knowledge.load import references, table

ISSUE = (
    "huATN-658", "marimastat", "tetrathiomolybdate", "cilengitide", "onartuzumab", "dasatinib", "defactinib",
    "galunisertib", "bevacizumab", "nirogacestat", "WNT974", "elraglusib", "balixafortide", "PF-04136309",
    "emactuzumab", "denosumab", "zoledronic acid", "radium-223", "pembrolizumab", "palbociclib", "tamoxifen",
    "olaparib", "trastuzumab", "bemcentinib", "belzutifan", "aspirin", "propranolol", "digoxin", "paclitaxel",
)  # fmt: skip


def test_about_a_hundred_with_every_kind() -> None:
    assert len(drugs()) >= 95
    for name in ISSUE:
        assert drug(name).levers, name


def test_levers_signs_and_statuses_are_known() -> None:
    for name, one in drugs().items():
        assert one.levers, name
        assert set(one.levers) <= {*FACTOR_LEVERS, *RATE_LEVERS}, name
        assert set(one.levers.values()) <= {1, -1}
        assert one.status in STATUSES, name
        for rate in RATE_LEVERS:
            assert one.levers.get(rate, 1) == 1, f"{name} lowers a rate of killing"


def test_every_entry_has_a_source_and_a_recalled_one_says_so() -> None:
    for one in drugs().values():
        assert set(one.words) <= set(FIELDS)
        assert {"class", "target", "step", "levers", "status", "outcome"} <= set(one.words), one.name
        for word in one.words.values():
            assert word.source in references(), word.key
            assert word.source != "diaspore" or word.grade == "assumed", word.key
            assert word.source != "diaspore" or word.note, word.key
        for row in one.numbers.values():
            assert row.source != "diaspore" or row.grade == "assumed", row.key


def test_outcomes_are_words_without_figures() -> None:
    """Figures of trials that are to be predicted must not be here."""
    for one in drugs().values():
        assert not re.search(r"\d+[.,]\d|hazard|\bHR\b|months?|%", one.text("outcome")), one.name


def test_numbers_are_of_drugs_and_in_the_units_of_the_field() -> None:
    units = {"clearance": "L/h", "volume": "L", "half_life": "h", "bioavailability": "dimensionless",
             "molar_mass": "g/mol"}  # fmt: skip
    for row in table("drug_pk"):
        assert row["drug"] in drugs(), row.key
        assert row.key == f"drug_pk.{drugs()[row['drug']].key}.{row['quantity']}"
        assert row.unit == units[row["quantity"]], row.key
        assert row.value > 0.0
        assert row["quantity"] != "bioavailability" or row.value <= 1.0


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ATN 658", "huATN-658"),
        ("herceptin", "trastuzumab"),
        ("XL184", "cabozantinib"),
        ("Etodolac", "propranolol + etodolac"),
    ],
)
def test_found_by_synonyms(name: str, found: str) -> None:
    assert drug(name).name == found


def test_no_synonym_is_the_name_of_another_drug() -> None:
    for name, one in drugs().items():
        for other in one.parts("synonyms"):
            assert drug_names()[other] == name, other


def test_selections() -> None:
    assert {one.name for one in selected(target="PLAUR")} >= {"huATN-658"}
    lower = {one.name for one in selected(lever="-bone_cycle")}
    assert "denosumab" in lower
    assert not selected(lever="+bone_cycle")
    assert {one.name for one in selected(step="homing")} >= {"balixafortide", "plerixafor"}
    assert all("failed" in one.parts("status") for one in selected(status="failed"))
    with pytest.raises(InputError, match="bone_cycle"):
        selected(lever="bone_cycel")
    with pytest.raises(InputError, match="denosumab"):
        drug("denosumap")


def test_explained_with_what_is_recalled() -> None:
    text = explain("drug.denosumab").to_text()
    assert "TNFSF11" in text
    assert "recalled" in text
    assert "molar_mass" in unconfirmed(drug("denosumab"))
    listed = listing("drug")
    assert listed is not None
    assert {"denosumab", "trametinib"} <= {row[0] for row in listed[1]}  # trametinib is in pathways only
    assert explain("trametinib").kind == "drug"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("drug.x.class,x,class,,diaspore,assumed,", "text"),
        ("drug.x.colour,x,colour,red,diaspore,assumed,", "field"),
        ("drug.x.class,x,class,antibody,nobody1999,assumed,", "source"),
        ("drug.x.class,x,class,antibody,diaspore,good,", "grade"),
        ("drug.x.class,x,class,a,diaspore,assumed,\ndrug.x.class,x,class,a,diaspore,assumed,", "key"),
    ],
)
def test_bad_lines(line: str, field: str) -> None:
    with pytest.raises(InputError) as error:
        module._read("key,drug,field,text,source,grade,note\n" + line + "\n")
    assert error.value.field == field
    assert error.value.line is not None


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_command() -> None:
    found = json.loads(_run("drugs", "--lever=-bone_cycle", "--json"))
    assert "denosumab" in {one["name"] for one in found}
    assert "8 drugs" in _run("drugs", "--lever=-bone_cycle")
