"""Made-up slides on disk: an OME-TIFF for each field, and the truth beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from diaspore.core.jsonio import TEMPORARY, write_atomic, write_text
from diaspore.core.progress import Progress, no_progress
from diaspore.ctc.images.packages import tifffile
from diaspore.ctc.synth.slide import Slide, make_slide
from diaspore.ctc.synth.spec import SlideSpec


def write_tiff(slide: Slide, file: Path) -> None:
    """One field as OME-TIFF with names of channels and pixel size; there whole or not at all."""
    library = tifffile()
    temporary = file.with_name(f"{TEMPORARY}{file.name}")
    size = slide.spec.pixel_um
    about = {
        "axes": "CYX", "Channel": {"Name": list(slide.spec.channels)}, "PhysicalSizeX": size, "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": size, "PhysicalSizeYUnit": "µm",
        "SignificantBits": int(slide.spec.optics.top + 1).bit_length() - 1,
    }  # fmt: skip
    try:
        library.imwrite(temporary, slide.images, ome=True, photometric="minisblack", metadata=about)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def write_fields(
    folder: Path, spec: SlideSpec, number: int, *, seed: int, progress: Progress = no_progress
) -> pd.DataFrame:
    """Write fields ``tile-000.ome.tif`` … and ``truth.csv``; the tumour cells are shared out among them evenly.

    Returns the truth of all fields, with the name of the field as ``tile``. Field k has the seed 1000 seed + k.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    with progress(number, "fields", "fields") as bar:
        for k in range(number):
            share = {
                what: (k + 1) * getattr(spec, what) // number - k * getattr(spec, what) // number
                for what in ("tumour", "leukocytes", "debris")
            }
            slide = make_slide(replace(spec, **share), seed=1000 * seed + k)
            name = f"tile-{k:03d}"
            write_tiff(slide, folder / f"{name}.ome.tif")
            found.append(slide.truth.assign(tile=name))
            bar.advance()
    truth = pd.concat(found, ignore_index=True)
    write_atomic(folder / "truth.csv", truth.to_csv(index=False, float_format="%.5g").encode())
    text = "channels:\n" + "".join(f"  {name}: {name}\n" for name in ("dna", "cytokeratin", "cd45"))
    if spec.vimentin:
        text += "  extras: {vimentin: vimentin}\n"
    write_text(folder / "channels.yaml", text + f"pixel_size_um: {spec.pixel_um:g}\nbits: 12\n")
    return truth
