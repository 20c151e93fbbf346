"""The picture of a sensitivity analysis shows the numbers of its table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diaspore.viz import style
from diaspore.viz.sensitivity import sensitivity


def table(method: str) -> pd.DataFrame:
    index = {"sobol": ("first_order", "total"), "morris": ("mean_effect", "mean_absolute_effect", "sd_of_effects")}
    rows = [
        (method, output, parameter, which, v := 0.1 * (i + 1) * (1 + k), v - 0.05, v + 0.05)
        for k, output in enumerate(("relapse at 5 years", "nodes", "deaths", "still"))
        for i, parameter in enumerate(("fate.bottleneck", "growth.doubling_time"))
        for which in index[method]
    ]
    found = pd.DataFrame(rows, columns=["method", "output", "parameter", "index", "value", "low", "high"])
    if method == "sobol":
        found.loc[found["output"] == "still", ["value", "low", "high"]] = np.nan
    return found


@pytest.mark.parametrize("method", ["sobol", "morris"])
def test_bars_are_the_indices(method: str, tmp_path: Path) -> None:
    figure = sensitivity(table(method), "What moves the course")
    assert len(figure.axes) == 4
    ticks = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert ticks == ["growth.doubling_time", "fate.bottleneck"], "the largest comes first"
    np.testing.assert_allclose([p.get_width() for p in figure.axes[0].patches[:2]], [0.2, 0.1])
    assert style.save_png(figure, tmp_path / "s.png").stat().st_size > 10_000


def test_two_methods_do_not_share_a_picture() -> None:
    with pytest.raises(ValueError, match="one method"):
        sensitivity(pd.concat([table("sobol"), table("morris")]), "both")
