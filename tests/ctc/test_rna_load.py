"""Loaders: each form of file gives the same cells; what was repaired is said; what cannot be read names the file."""

from __future__ import annotations

import builtins
import gzip
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.io import mmwrite

from diaspore.core.errors import InputError
from diaspore.ctc.rna import ProfileWarning, datasets, load_profiles
from diaspore.ctc.rna.symbols import is_no_gene, repaired

pytest.importorskip("anndata")
GENES = ["VIM", "CDH1", "KRT8", "PTPRC"]
CELLS = ["c1", "c2", "c3"]
COUNTS = np.array([[5, 0, 2, 1], [0, 3, 4, 0], [1, 1, 0, 9]])


def load(path: Path, **how: Any) -> tuple[Any, str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = load_profiles(path, **how)
    return data, "\n".join(str(one.message) for one in caught if one.category is ProfileWarning)


def check(data: Any) -> None:
    assert sorted(data.var_names) == sorted(GENES)
    found = pd.DataFrame(data.layers["counts"].toarray(), index=data.obs_names, columns=data.var_names)
    np.testing.assert_array_equal(found[GENES].to_numpy(), COUNTS)
    logs = pd.DataFrame(data.X.toarray(), index=data.obs_names, columns=data.var_names)[GENES].to_numpy()
    np.testing.assert_allclose(logs, np.log1p(1e6 * COUNTS / COUNTS.sum(axis=1, keepdims=True)), rtol=1e-6)


@pytest.mark.parametrize(("prefix", "pack", "features"), [("", False, "genes"), ("GSM1_x_", True, "features")])
def test_a_10x_folder(tmp_path: Path, prefix: str, pack: bool, features: str) -> None:
    mmwrite(tmp_path / f"{prefix}matrix.mtx", sparse.csr_matrix(np.vstack([COUNTS.T, [[7, 7, 7]]])))
    rows = [f"ENSG0000000000{i}\t{gene}\tGene Expression" for i, gene in enumerate(GENES)] + [
        "AB1\tCD45\tAntibody Capture"
    ]
    (tmp_path / f"{prefix}{features}.tsv").write_text("\n".join(rows) + "\n")
    (tmp_path / f"{prefix}barcodes.tsv").write_text("\n".join(CELLS) + "\n")
    if pack:
        for path in list(tmp_path.iterdir()):
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    data, notes = load(tmp_path)
    check(data)
    assert data.obs_names.tolist() == CELLS
    assert data.var["gene_id"].tolist()[0] == "ENSG00000000000"
    assert "1 features are no genes" in notes


@pytest.mark.parametrize("head", [True, False])
def test_a_folder_with_a_file_per_cell(tmp_path: Path, head: bool) -> None:
    for cell, row in zip(CELLS, COUNTS, strict=True):
        lines = [f"{gene}\t{count}" for gene, count in zip(GENES, row, strict=True)] + ["__no_feature\t900"]
        (tmp_path / f"{cell}.txt").write_text("\n".join((["gene\tcount"] if head else []) + lines) + "\n")
    data, _ = load(tmp_path)
    check(data)


@pytest.mark.parametrize(("name", "separator"), [("m.csv", ","), ("m.tsv", "\t"), ("m.txt", "\t"), ("m.csv", ";")])
def test_one_table(tmp_path: Path, name: str, separator: str) -> None:
    frame = pd.DataFrame(COUNTS.T, index=GENES, columns=CELLS)
    frame.to_csv(tmp_path / name, sep=separator)
    check(load(tmp_path / name)[0])
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    check(load(packed)[0])


def test_a_table_with_several_columns_of_names(tmp_path: Path) -> None:
    frame = pd.DataFrame(COUNTS.T, columns=CELLS)
    frame.insert(0, "entrez", [7431, 999, 3856, 5788])
    frame.insert(1, "transcript", ["t1", "t2", "t3", "t4"])
    frame.insert(2, "Gene Symbol", GENES)
    frame.to_csv(tmp_path / "m.csv", index=False)
    data, _ = load(tmp_path / "m.csv")
    check(data)
    assert data.var["entrez"].tolist() == ["7431", "999", "3856", "5788"]
    other, _ = load(tmp_path / "m.csv", genes="transcript")
    assert other.var_names.tolist() == ["t1", "t2", "t3", "t4"]
    with pytest.raises(InputError, match="did you mean 'transcript'"):
        load(tmp_path / "m.csv", genes="transcripts")


def test_repairs_are_made_and_told(tmp_path: Path) -> None:
    lines = [
        "gene,a,b",
        "Sep-01,1,2",
        "SEPTIN1,1,1",
        "Mar-01,3,3",
        "2-Dec,4,0",
        "ENSG00000026025.15,5,5",
        "__ambiguous,9,9",
    ]
    (tmp_path / "m.csv").write_text("\n".join(lines) + "\n")
    data, notes = load(tmp_path / "m.csv")
    assert data.var_names.tolist() == ["SEPTIN1", "Mar-01", "DELEC2", "ENSG00000026025"]
    assert data.layers["counts"].toarray()[:, 0].tolist() == [2, 3]
    for words in ("Sep-01 as SEPTIN1", "Mar-01", "1 Ensembl ids", "1 rows repeat a gene", "1 rows are no genes"):
        assert words in notes
    assert list(data.uns["diaspore_loaded"]["notes"]) == notes.split("\n")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("Sep-15", "SELENOF"), ("15-Sep", "SELENOF"), ("9-Sep", "SEPTIN9"), ("2006-09-07", "SEPTIN7"),
        ("3-Mar", "MARCHF3"), ("2-Mar", "2-Mar"), ("1-Dec", "DELEC1"), ("RP11-54F2.9", "RP11-54F2.9"),
        ("ENSMUSG00000026728.9", "ENSMUSG00000026728"),
    ],
)  # fmt: skip
def test_names(given: str, wanted: str) -> None:
    assert repaired([given])[0] == [wanted]


def test_rows_that_are_no_genes() -> None:
    assert all(is_no_gene(name) for name in ("", "__no_feature", "N_unmapped", "__alignment_not_unique"))
    assert not any(is_no_gene(name) for name in ("NOTCH1", "N4BP1", "NO66"))


def test_values_that_are_not_whole_are_no_counts(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("gene,a\nVIM,1.5\nCDH1,2\n")
    data, notes = load(tmp_path / "m.csv")
    assert "counts" not in data.layers
    assert data.layers["values"].toarray().tolist() == [[1.5, 2.0]]
    assert "no counts" in notes


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("m.csv", "gene,a,b\nVIM,1,x\nCDH1,1,2\n", r"m\.csv:2: b: 'x' is not a number"),
        ("m.csv", "gene,a,b\nVIM,1,-2\n", "negative values"),
        ("m.csv", "gene,name\nVIM,vimentin\n", "no columns of numbers"),
        ("m.csv", "", "cannot be read as a table"),
        ("m.pdf", "x", "no known form"),
    ],
)
def test_bad_tables(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=words):
        load(tmp_path / name)


def test_bad_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there"):
        load(tmp_path / "absent")
    with pytest.raises(InputError, match="holds no tables"):
        load(tmp_path)
    mmwrite(tmp_path / "matrix.mtx", sparse.csr_matrix(COUNTS.T))
    with pytest.raises(InputError, match=r"has no barcodes\.tsv"):
        load(tmp_path)
    (tmp_path / "barcodes.tsv").write_text("c1\nc2\n")
    (tmp_path / "genes.tsv").write_text("\n".join(f"i{g}\t{g}" for g in GENES))
    with pytest.raises(InputError, match="4 features and 2 barcodes"):
        load(tmp_path)


def test_a_sheet_without_a_reader_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] in ("openpyxl", "xlrd"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    (tmp_path / "m.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    with zipfile.ZipFile(tmp_path / "m.xlsx", "w") as sheet:
        sheet.writestr("[Content_Types].xml", "<a/>")
        sheet.writestr("xl/workbook.xml", "<a/>")
    for name, reader in (("m.xls", "xlrd"), ("m.xlsx", "openpyxl")):
        with pytest.raises(InputError, match=f"needs the package {reader}"):
            load(tmp_path / name)


def test_datasets_say_where_to_download() -> None:
    assert all(one.where.startswith("https://") for one in datasets())
    assert {one.shape for one in datasets()} == {"matrix", "files", "mex", ""}
