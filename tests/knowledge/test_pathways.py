"""Pathways: names of levers, symbols of genes, identifiers, and how they are looked up."""

from __future__ import annotations

import json
import re

import pytest

from diaspore.core.errors import InputError
from diaspore.core.messages import FACTOR_LEVERS, RATE_LEVERS
from diaspore.knowledge import pathways as module
from diaspore.knowledge.drugs import drug_names
from diaspore.knowledge.explain import explain, listing, search
from diaspore.knowledge.load import parse_table, table
from diaspore.knowledge.pathways import (
    drug,
    drugs,
    gene,
    gene_names,
    genes,
    parts,
    pathway,
    pathway_names,
    pathways,
    signed,
)

LEVERS = {*FACTOR_LEVERS, *RATE_LEVERS, "node"}
# Approved symbols are capitals and digits, with hyphens in few; microRNAs are MIR and a number.
SYMBOL = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*")
# Names that were symbols once, or never, of genes in these tables and of their neighbours -> the approved symbol.
WITHDRAWN = {
    "FIGF": "VEGFD", "CTGF": "CCN2", "CYR61": "CCN1", "WISP1": "CCN4", "ZFHX1B": "ZEB2", "TCF8": "ZEB1", "SIP1": "ZEB2",
    "SNAIL": "SNAI1", "SLUG": "SNAI2", "TWIST": "TWIST1", "CMET": "MET", "HER2": "ERBB2", "HER3": "ERBB3",
    "VEGF": "VEGFA", "VEGFR1": "FLT1", "VEGFR2": "KDR", "VEGFR3": "FLT4", "FAK": "PTK2", "PYK2": "PTK2B", "UPA": "PLAU",
    "UPAR": "PLAUR", "TPA": "PLAT", "PAI1": "SERPINE1", "PAI2": "SERPINB2", "SDF1": "CXCL12", "CXCR7": "ACKR3",
    "IL8": "CXCL8", "MCP1": "CCL2", "MCSF": "CSF1", "FMS": "CSF1R", "RANKL": "TNFSF11", "RANK": "TNFRSF11A",
    "OPG": "TNFRSF11B", "TRAP": "ACP5", "PTHRP": "PTHLH", "PDL1": "CD274", "PDL2": "PDCD1LG2", "PD1": "PDCD1",
    "TIM3": "HAVCR2", "INDO": "IDO1", "AKT": "AKT1", "ERK2": "MAPK1", "ERK1": "MAPK3", "MEK1": "MAP2K1",
    "MEK2": "MAP2K2", "CRAF": "RAF1", "P53": "TP53", "P21": "CDKN1A", "P27": "CDKN1B", "P16": "CDKN2A", "CHK2": "CHEK2",
    "RB": "RB1", "LKB1": "STK11", "COX1": "PTGS1", "COX2": "PTGS2", "ER": "ESR1", "HIF2A": "EPAS1", "HIF1": "HIF1A",
    "PHD2": "EGLN1", "FIH": "HIF1AN", "GLUT1": "SLC2A1", "CTR1": "SLC31A1", "EMMPRIN": "BSG", "MT1-MMP": "MMP14",
    "PATCHED": "PTCH1", "SMOH": "SMO", "ALK5": "TGFBR1", "SMADIP1": "ZEB2", "NEMO": "IKBKG", "IKKA": "CHUK",
    "IKKB": "IKBKB", "A20": "TNFAIP3", "NIK": "MAP3K14", "MLLT4": "AFDN", "GRIM19": "NDUFA13", "ADRBK1": "GRK2",
    "PARK2": "PRKN", "SEPP1": "SELENOP", "C10ORF54": "VSIR", "MIRN200C": "MIR200C", "MLL2": "KMT2D",
}  # fmt: skip


def test_every_lever_is_one_of_the_engines() -> None:
    for row in table("pathway_levers"):
        assert row["lever"] in LEVERS, row.key


def test_signs_are_one_or_minus_one() -> None:
    for name in ("pathway_genes", "pathway_levers", "pathway_drugs"):
        for row in table(name):
            assert row.value in (1.0, -1.0), row.key


def test_symbols_of_genes() -> None:
    targets = {symbol for row in table("pathway_drugs") for symbol in parts(row["targets"])}
    for symbol in {*genes(), *targets}:
        assert SYMBOL.fullmatch(symbol), symbol
        assert symbol not in WITHDRAWN, f"{symbol} is {WITHDRAWN.get(symbol)} now"


def test_every_pathway_has_members_and_levers() -> None:
    must = (
        "tgf-beta", "wnt", "notch", "nf-kb", "hypoxia", "hgf-met", "integrin-fak-src", "upa-plasmin", "mmp-timp",
        "cxcl12-cxcr4", "vegf-a", "vegf-c", "rankl", "emt-factors", "egfr-her2", "pi3k-akt-mtor", "ras-mapk", "p53",
        "e-cadherin", "lox", "immune-checkpoints",
    )  # fmt: skip
    assert set(must) <= pathways().keys()
    for name, item in pathways().items():
        assert re.fullmatch(r"[a-z0-9-]+", name)
        assert item.row.value == len(item.genes) > 0
        assert item.levers
        for rows in (item.genes, item.levers, item.drugs):
            whats = [next(row[c] for c in ("gene", "lever", "drug") if c in row.columns) for row in rows]
            assert len(set(whats)) == len(whats), name


def test_identifiers_are_well_formed() -> None:
    forms = {"Reactome": r"R-HSA-\d+", "WikiPathways": r"WP\d+", "KEGG": r"hsa\d{5}"}
    for item in pathways().values():
        for name, numbers in item.identifiers.items():
            assert all(re.fullmatch(forms[name], number) for number in numbers)
    for row in table("pathway_genes"):
        assert re.fullmatch(r"(WP\d+)?", row["listed_in"])
        assert bool(row["listed_in"]) or row.source != "wikipathways2024"


def test_a_drug_has_a_state_only_with_a_source() -> None:
    for row in table("pathway_drugs"):
        assert not row["status"] or row.source != "diaspore", row.key
        assert row["action"], row.key


def test_aliases_do_not_hide_a_name() -> None:
    for name, item in pathways().items():
        assert pathway(name) is item
        for alias in item.aliases:
            assert pathway(alias) is item, f"{alias} of {name} is {pathway(alias).name}"
    assert set(pathway_names().values()) == set(pathways())


def test_lookups() -> None:
    assert pathway("TGFB").name == pathway("Tgf Beta").name == "tgf-beta"
    assert [row["pathway"] for row in gene("snai1")] == ["emt-factors", "e-cadherin"]
    assert gene("VEGFR2") == gene("KDR")
    assert gene_names()["E-cadherin"] == "CDH1"
    assert {row["pathway"] for row in drug("Everolimus")} == {"pi3k-akt-mtor", "dormant-survival"}
    for look_up, text, nearest in (
        (pathway, "tgf-bta", "tgf-beta"), (gene, "CXCR44", "CXCR4"), (drug, "asprin", "aspirin"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=f"did you mean '{nearest}'"):
            look_up(text)


def test_explained() -> None:
    found = explain("pathway.tgf-beta")
    assert (found.kind, found.key, found.source) == ("pathway", "tgf-beta", "steinway2014")
    assert "SMAD3" in found.details["genes +"]
    assert "SMAD7" in found.details["genes -"]
    assert found.details["levers"][0].startswith("+ emt_rate: ")
    assert explain("tgf-beta") == found == explain("pathway.tgf_beta")
    assert "galunisertib" in found.to_text()
    assert isinstance(json.loads(json.dumps(found.to_json()))["details"]["levers"], list)
    assert explain("gene.SNAI1").kind == "gene"
    assert explain("PTK2").title == "FAK"
    assert "defactinib" in explain("PTK2").details["drugs"]
    assert explain("drug.aspirin").source == "chen2024aspirin"
    assert "+ tgf-beta" in explain("emt_rate").details["pathways"]
    assert "pathway.tgf_beta" in search("smad")
    for group, text in (("pathway", "tgf-bta"), ("gene", "SNAI9"), ("drug", "asprin")):
        with pytest.raises(InputError, match="did you mean"):
            explain(f"{group}.{text}")


def test_lists() -> None:
    for group, names in (("pathway", pathways()), ("gene", genes()), ("drug", drugs())):
        found = listing(group)
        assert found is not None
        columns, rows = found
        if group == "drug":  # the drug base lists more, under one of their names
            assert {drug_names().get(name, name) for name in names} <= {row[0] for row in rows}
        else:
            assert [row[0] for row in rows] == list(names)
        assert {len(row) for row in rows} == {len(columns)}
        for name in names:
            assert explain(f"{group}.{name}").kind == group
    assert listing("growth") is None


def test_signs_are_shown() -> None:
    assert [signed(row) for row in gene("SMAD7")] == ["-"]
    assert [signed(row) for row in gene("SMAD3")] == ["+"]


def test_a_column_of_networks_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    header = (
        "key,pathway,title,role,aliases,reactome,wikipathways,kegg,networks,value,unit,low,high,source,grade,note\n"
    )
    row = "pathway.a,tgf-beta,A,b,,,,,cohen-2015; tian-2013,1,count,,,cohen2015,assumed,no interval known\n"
    made = parse_table(header + row, "pathways")
    monkeypatch.setattr(module, "table", lambda name: made if name == "pathways" else [])
    pathways.cache_clear()
    try:
        assert pathways()["tgf-beta"].networks == ("cohen-2015", "tian-2013")
        monkeypatch.setattr(module, "table", lambda name: made if name == "pathways" else table(name))
        pathways.cache_clear()
        with pytest.raises(InputError, match="is no pathway"):
            pathways()
    finally:
        monkeypatch.undo()
        pathways.cache_clear()
