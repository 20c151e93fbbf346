"""Scores in an AnnData: symbols, scales, missing genes, flags, and the lists themselves."""

from __future__ import annotations

import builtins
import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from diaspore.core.errors import InputError
from diaspore.ctc.rna import ProfileWarning, made_profiles, score_profiles
from diaspore.ctc.rna.values import expression
from diaspore.knowledge.load import references
from diaspore.knowledge.profiles import SIGNATURES, aliases, markers, present_symbol, series, signature

anndata = pytest.importorskip("anndata")


@pytest.fixture(scope="module")
def made() -> Any:
    return made_profiles(150, seed=3)


def noted(data: Any, **how: Any) -> str:
    """Score in place and return the notes, which are the warnings as well."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        notes = score_profiles(data, **how)
    assert [str(one.message) for one in caught if one.category is ProfileWarning] == notes
    assert list(data.uns["diaspore_profiles"]["notes"]) == notes
    return "\n".join(notes)


def scored(data: Any, **how: Any) -> Any:
    data = data.copy()
    noted(data, **how)
    return data


def test_lists_are_whole() -> None:
    assert [len(signature(name).genes) for name in SIGNATURES] == [76, 218, 313]
    assert (len(signature("KS_cellline").epithelial), len(signature("KS_cellline").mesenchymal)) == (170, 48)
    assert (len(signature("KS_tumour").epithelial), len(signature("KS_tumour").mesenchymal)) == (144, 169)
    for name in SIGNATURES:
        assert signature(name).source in references()
        assert not set(signature(name).genes) & set(aliases()), "an old symbol is left"
    assert {"EPCAM", "TMEM30B", "F11R", "KDF1", "ESRP1"} <= set(signature("76GS").genes)  # misread or old in the copy
    assert present_symbol("PTRF") == "CAVIN1"
    assert "PTPRC" in markers()["leukocyte"]
    assert len(series()) == 21
    with pytest.raises(InputError, match="did you mean 'KS_tumour'"):
        signature("KS_tumor")


def test_counts_logs_sparse_and_dense_give_the_same(made: Any) -> None:
    found = scored(made)
    dense = anndata.AnnData(X=made.X.toarray(), obs=made.obs, var=made.var)
    counts = anndata.AnnData(X=made.layers["counts"].toarray(), obs=made.obs, var=made.var)
    for other in (scored(dense), scored(counts), scored(made, layer="counts")):
        for name in ("emt_ks", "emt_76gs", "emt_e_axis", "emt_m_axis", "ctc_evidence_leukocyte"):
            np.testing.assert_allclose(other.obs[name], found.obs[name], atol=2e-4, err_msg=name)
        assert (other.obs["ctc_call"] == found.obs["ctc_call"]).all()
    assert scored(counts).uns["diaspore_profiles"]["scale"] == "counts"
    assert found.uns["diaspore_profiles"]["scale"] == "log"


def test_a_linear_scale_is_noticed(made: Any) -> None:
    linear = made.copy()
    linear.X = np.expm1(made.X.toarray()) + 0.25
    held = expression(linear)
    assert held.scale == "linear"
    assert any("linear scale" in note for note in held.notes)


def test_order_of_genes_does_not_matter(made: Any) -> None:
    order = np.random.default_rng(1).permutation(made.n_vars)
    a, b = scored(made).obs, scored(made[:, order].copy()).obs
    np.testing.assert_allclose(a["emt_ks"], b["emt_ks"], atol=1e-12)
    np.testing.assert_allclose(a["emt_76gs"], b["emt_76gs"], atol=1e-6)
    np.testing.assert_allclose(a["emt_m_axis"], b["emt_m_axis"])


def test_old_symbols_match_and_are_told(made: Any) -> None:
    old = made.copy()
    back = {new: before for before, new in aliases().items()}
    old.var_names = [back.get(name, name) for name in made.var_names]
    assert "PTRF" in old.var_names
    assert re.search("PTRF as CAVIN1", noted(old))
    np.testing.assert_array_equal(old.obs["emt_ks"], scored(made).obs["emt_ks"])


def test_missing_genes_are_listed_and_too_many_are_an_error(made: Any) -> None:
    some = made[:, ~made.var_names.isin(["VIM", "ZEB1"])].copy()
    assert re.search(r"2 of 48 genes are missing: VIM, ZEB1", noted(some))
    lost = signature("KS_cellline").epithelial[:86]
    with pytest.raises(InputError, match=r"86 of the 170 genes of KS_cellline \(epithelial\) are missing"):
        scored(made[:, ~made.var_names.isin(lost)].copy())
    mouse = made.copy()
    mouse.var_names = [name.capitalize() for name in made.var_names]
    with pytest.raises(InputError, match="look like those of a mouse"):
        scored(mouse)


def test_cdh1_that_is_missing_or_constant_leaves_76gs_out(made: Any) -> None:
    for data in (made[:, made.var_names != "CDH1"].copy(), made.copy()):
        if "CDH1" in data.var_names:
            data.X = data.X.toarray()
            data.X[:, list(data.var_names).index("CDH1")] = 1.0
        assert "76GS was not computed" in noted(data)
        assert data.obs["emt_76gs"].isna().all()
        assert data.obs["emt_ks"].notna().all()


def test_doubled_symbols_take_the_highest_column(made: Any) -> None:
    double = made.copy()
    names = list(made.var_names)
    names[names.index("MADE0001")] = "VIM"
    double.var_names = names
    assert re.search("1 symbols stand on several columns", noted(double))


def test_ensembl_ids_need_a_column_with_symbols(made: Any) -> None:
    ids = made.copy()
    ids.var["gene_name"] = list(made.var_names)
    ids.var_names = [f"ENSG{i:011d}.2" for i in range(made.n_vars)]
    np.testing.assert_array_equal(scored(ids).obs["emt_ks"], scored(made).obs["emt_ks"])
    del ids.var["gene_name"]
    with pytest.raises(InputError, match="Ensembl ids"):
        scored(ids)


def test_bad_values_name_cell_and_gene(made: Any) -> None:
    bad = made[:20].copy()
    bad.X = bad.X.toarray()
    bad.X[3, 5] = np.nan
    with pytest.raises(InputError, match=rf"1 values are missing.*'{bad.obs_names[3]}'.*'{bad.var_names[5]}'"):
        scored(bad)
    bad.X = sparse.csr_matrix(bad.X)
    with pytest.raises(InputError, match="1 values are missing"):
        scored(bad)
    bad = made[:20].copy()
    bad.layers["counts"] = -bad.layers["counts"]
    with pytest.raises(InputError, match="negative"):
        scored(bad, layer="counts", scale="counts")
    with pytest.raises(InputError, match="there is no layer"):
        scored(bad, layer="count")
    with pytest.raises(InputError, match="did you mean 'counts'"):
        scored(bad, scale="count")
    with pytest.raises(InputError, match="not an AnnData"):
        score_profiles(pd.DataFrame({"VIM": [1.0]}))
    with pytest.raises(InputError, match="no signature of KS"):
        scored(made, signature_name="76GS")


def test_states_follow_the_truth_of_made_cells(made: Any) -> None:
    obs = scored(made).obs
    pure = obs[obs["kind"] == "CTC"]
    mean = pure.groupby("state")[["emt_ks", "emt_76gs", "emt_e_axis", "emt_m_axis"]].mean()
    assert mean.loc["epithelial", "emt_ks"] < -0.2 < mean.loc["hybrid", "emt_ks"] < mean.loc["mesenchymal", "emt_ks"]
    assert mean.loc["epithelial", "emt_76gs"] > mean.loc["mesenchymal", "emt_76gs"]
    assert mean.loc["epithelial", "emt_m_axis"] < 0.5 < mean.loc["hybrid", "emt_m_axis"]
    assert mean.loc["mesenchymal", "emt_e_axis"] < 0.5 < mean.loc["hybrid", "emt_e_axis"]
    named = pure[pure["emt_state"] != "unassigned"]
    assert (named["emt_state"].astype(str) == named["state"]).mean() > 0.9


def test_leukocytes_look_mesenchymal_and_are_flagged(made: Any) -> None:
    obs = scored(made).obs
    white = obs[obs["kind"] == "leukocyte"]
    assert (white["emt_ks"] > 0).mean() > 0.5  # the reason for the flag
    assert white["ctc_flag"].str.contains("leukocyte").all()  # by marker, or in shallow cells by the classifier
    assert white["ctc_flag"].str.contains("leukocyte by its profile").any()
    assert not (white["ctc_call"] == "CTC").any()
    doubtful = obs[(obs["emt_ks"] > 0) & (obs["ctc_evidence_leukocyte"] >= 1.0)]
    assert len(doubtful) > 10
    assert doubtful["ctc_flag"].str.contains("mesenchymal score may be of it").all()
    both = obs[(obs["ctc_evidence_leukocyte"] >= 1.0) & (obs["ctc_evidence_epithelial"] >= 1.0)]
    assert both["ctc_flag"].str.contains("leukocyte and epithelium together").all()


def test_few_other_genes_give_no_axes(made: Any) -> None:
    kept = {
        *signature("KS_cellline").genes,
        *signature("76GS").genes,
        *(g for genes in markers().values() for g in genes),
    }
    panel = made[:, made.var_names.isin(sorted(kept))].copy()
    assert re.search("no axes, and no cell is called hybrid", noted(panel))
    assert panel.obs["emt_e_axis"].isna().all()
    assert set(panel.obs["emt_state"]) == {"epithelial", "mesenchymal", "unassigned"}


def test_without_anndata_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "anndata":
            raise ImportError
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install 'diaspore\[ctc\]'"):
        made_profiles(10)
