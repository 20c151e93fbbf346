"""Redo the prediction of GBSG-2 in one go: ``python docs/make_prediction.py [--keep-strengths]``.

Finds the strengths of adjuvant treatment anew for the shipped model (left out with --keep-strengths), predicts the
trial, runs the validation case beside its null models, draws the picture and rewrites the tables of docs/predict.md.
Needs ``pip install 'diaspore[trials,nulls]'``; takes about six minutes on two cores.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

from generate import replaced  # noqa: E402
from generators.markdown import table  # noqa: E402
from make_pictures import keep  # noqa: E402

from diaspore.inference import population, treatment  # noqa: E402
from diaspore.validation import gbsg, run_cases  # noqa: E402
from diaspore.viz import style  # noqa: E402
from diaspore.viz.predict import prediction  # noqa: E402

PAGE = DOCS / "predict.md"


def main(arguments: list[str]) -> None:
    """Strengths, prediction, scores, picture, table."""
    if "--keep-strengths" not in arguments:
        treatment.main([])
        treatment.strengths.cache_clear()
    rows = list(run_cases(names=["adjuvant_effects", "gbsg_prediction"]))
    for row in rows:
        print(f"{row['case']}: {row['check']}: {_number(row)} ({'met' if row['pass'] else 'NOT met'}) {row['reason']}")
    text = PAGE.read_text(encoding="utf-8")
    for part, case in (("effects", "adjuvant_effects"), ("gbsg", "gbsg_prediction")):
        text = replaced(text, part, _table([row for row in rows if row["case"] == case]))
    PAGE.write_text(text, encoding="utf-8")
    draw()


def draw() -> None:
    """The picture of docs/predict.md."""
    trial, predicted = gbsg.load(), gbsg.predictions()["plain"]
    figure = prediction(
        trial.time,
        trial.event,
        predicted.risk,
        gbsg.YEARS,
        gbsg.AT,
        "Recurrence or death in GBSG-2: predicted, not fitted",
        f"{len(trial.time)} node-positive patients, all with CMF · fit {population.FIT} · each patient"
        " known by size, positive nodes, age, tamoxifen and receptor",
    )
    with tempfile.TemporaryDirectory() as folder:
        keep(style.save_png(figure, Path(folder) / "predict_gbsg.png"))


def _number(row: dict[str, Any]) -> str:
    obtained = row["obtained"]
    if isinstance(obtained, dict):
        beside = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in obtained["null"].items())
        return f"{obtained['model']:.3f} (beside: {beside})"
    return "skipped" if obtained is None else f"{obtained:.3f}"


def _table(rows: list[dict[str, Any]]) -> str:
    cells = [
        (
            row["endpoint"],
            "" if row["expected"] is None else f"{row['expected']:.3g}",
            row["tolerance"],
            _number(row),
            "yes" if row["pass"] else "skipped" if row["skipped"] else "**no**",
        )
        for row in rows
    ]
    return table(("what", "expected", "tolerance", "found", "met"), cells)


if __name__ == "__main__":
    main(sys.argv[1:])
