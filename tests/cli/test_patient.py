"""The story of one patient, from tables made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from diaspore.cli import patient

ROW = pd.Series(
    {
        "occult_metastases": 3, "m_stage": "M0", "relapse_d": 900.0, "relapse_kind": "distant", "relapse_site": "bone",
        "nodes_positive": 1, "nodes_examined": 19, "death_cause": "cancer", "death_site": "local",
    }
)  # fmt: skip
LESIONS = pd.DataFrame(
    {
        "site": ["bone", "bone", "liver", "local"],
        "detected_d": [900.0, np.nan, np.nan, 1200.0],
        "removed_d": [np.nan] * 4,
        "diameter_at_diagnosis_mm": [0.42, np.nan, np.nan, np.nan],
        "fate": ["growing", "dormant", "extinct", "growing"],
    }
)


def test_cells_that_sleep_are_not_said_to_grow() -> None:
    assert patient._unseen(ROW, LESIONS.iloc[:3]) == "unseen: 1 growing metastasis of 0.42 mm and 2 sleeping cells"
    assert patient._unseen(ROW, LESIONS.iloc[1:3]) == "unseen: 3 sleeping cells"
    assert patient._unseen(ROW.replace(3, 0), LESIONS.iloc[3:]) == ""


def test_a_local_recurrence_is_called_so() -> None:
    told = [text for _, _, text in patient._relapses(ROW, LESIONS)]
    assert told == ["distant relapse in the bone", "a local recurrence is found"]
    assert patient._end(ROW, LESIONS.iloc[:3]) == (
        "death from the cancer (lesions of the local recurrence); 1 of 3 distant settlers is dormant"
    )


@pytest.mark.parametrize(("age", "years"), [(66.9, 66), (67.0, 67), (66.99999, 67)])
def test_ages_are_completed_years(age: float, years: int) -> None:
    from diaspore.core.words import whole_years

    assert whole_years(age) == years
