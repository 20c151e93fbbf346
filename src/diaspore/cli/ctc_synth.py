"""``diaspore ctc synth``: slides that are made up, with the truth beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def synth(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="A new or empty folder.", show_default=False)],
    cells: Annotated[int, typer.Option(metavar="N", min=0, max=100_000, help="Tumour cells on all fields.")] = 20,
    leukocytes: Annotated[int, typer.Option(metavar="N", min=0, max=10_000_000, help="On all fields.")] = 2400,
    debris: Annotated[int, typer.Option(metavar="N", min=0, max=1_000_000, help="Pieces on all fields.")] = 160,
    fields: Annotated[int, typer.Option(metavar="N", min=1, max=100_000, help="Files of 1024 x 1024 px.")] = 4,
    clusters: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of tumour cells in clusters.")] = 0.1,
    mesenchymal: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share with hardly any cytokeratin.")] = 0.1,
    cancer: Annotated[str, typer.Option(help="Whose cells: breast, prostate, colorectal or bladder.")] = "breast",
    blur: Annotated[float, typer.Option(metavar="UM", min=0.0, max=20.0, help="Blur in focus (um).")] = 0.55,
    seed: Annotated[int, typer.Option(metavar="N", min=0, max=2**50, help="Random seed.")] = 1,
) -> None:
    """Make a slide up: fields as OME-TIFF (DNA, cytokeratin, CD45, vimentin), truth.csv and a map of channels."""
    from diaspore.core.errors import InputError
    from diaspore.core.progress import progress
    from diaspore.core.words import counted
    from diaspore.ctc.synth.spec import Optics, SlideSpec
    from diaspore.ctc.synth.write import write_fields

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError("is not an empty folder", file=out, field="out")
    kinds = {"epithelial": 0.7 * (1 - mesenchymal), "hybrid": 0.3 * (1 - mesenchymal), "mesenchymal": mesenchymal}
    spec = SlideSpec(
        tumour=cells, leukocytes=leukocytes, debris=debris, kinds=kinds, clusters=clusters, cancer=cancer,
        optics=Optics(blur_um=blur),
    )  # fmt: skip
    truth = write_fields(out, spec, fields, seed=seed, progress=progress)
    tumour = int(truth["tumour"].sum())
    print(f"{counted(fields, 'field')} with {tumour} tumour cells and {len(truth) - tumour} leukocytes in {out}.")
