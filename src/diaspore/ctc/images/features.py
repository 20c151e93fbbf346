"""What is measured of every event (a nucleus with its cell): shape, brightness by channel, overlap, focus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from diaspore.ctc.images.background import background
from diaspore.ctc.images.frames import Frame
from diaspore.ctc.images.segmentation import SMOOTHED_NOISE, Segmentation, Segmenter, cells, nuclei_of

STAINED = 5.0
"""A pixel is stained if it is brighter than the background by so many standard deviations of its noise."""
SHAPES = ("area_um2", "perimeter_um", "p2a", "eccentricity")
LEVELS = ("mean", "max", "sd", "mass", "area_um2", "overlap")
PLACES = ("tile", "label", "x", "y", "edge")


@dataclass(frozen=True)
class Measured:
    """What one field holds.

    ``events``: one row for each nucleus (see `measure`); ``contacts``: pairs of events whose cells touch (``first``,
    ``second``: labels; ``border_um``; ``keratin_um``: the part of it where both sides hold cytokeratin);
    ``nuclei`` and ``cells``: labels ``[y, x]``; ``noise``: sd of a background pixel by channel.
    """

    events: pd.DataFrame
    contacts: pd.DataFrame
    nuclei: np.ndarray
    cells: np.ndarray
    noise: dict[str, float]


def columns(names: tuple[str, ...]) -> list[str]:
    """Names of all that is measured, for channels of these names."""
    shapes = [f"{part}_{what}" for part in ("nucleus", "cell") for what in SHAPES]
    return [*shapes, "focus", *(f"{name}_{what}" for name in names for what in (*LEVELS, "snr"))]


def measure(frame: Frame, segmentation: Segmentation | None = None, segmenter: Segmenter | None = None) -> Measured:
    """Segment and measure one field.

    Columns of the events: ``tile`` (name), ``label``, ``x`` and ``y`` (centre of the nucleus, px from the upper left
    pixel's centre), ``edge`` (the cell touches the edge of the field), then, for nucleus and cell, area (um2),
    perimeter (um), P2A (perimeter squared over 4 pi area: 1 for a circle) and eccentricity; ``focus`` (mean squared
    gradient of DNA over the squared mean, 1/um2); and for each channel, in the nucleus for dna and in the cell for the
    others, less the background: ``mean``, ``max``, ``sd`` and ``mass`` (sum), the stained ``area_um2``, ``overlap``
    (stained part of the nucleus), and ``snr`` (mean over the noise of a background pixel). Brightness is in the
    camera's counts. A ``segmenter`` replaces the search for nuclei.
    """
    from diaspore.ctc.images.kernels.measure import contacts, intensities, shapes, sharpness
    from diaspore.ctc.images.kernels.smooth import smoothed

    settings = segmentation or Segmentation()
    px = frame.pixel_um
    unders = {name: background(channel) for name, channel in zip(frame.names, frame.image, strict=True)}
    dna = smoothed(frame.channel("dna"), unders["dna"].grid)
    if segmenter is None:
        nuclei = nuclei_of(dna, unders["dna"].noise, px, settings)
    else:
        nuclei = np.ascontiguousarray(segmenter(frame.channel("dna")), dtype=np.int32)
    count = int(nuclei.max())
    light = {name: smoothed(frame.channel(name), unders[name].grid) for name in ("cytokeratin", "cd45")}
    stained = {name: light[name] > 2.0 * STAINED * SMOOTHED_NOISE * unders[name].noise for name in light}
    both = light["cytokeratin"] + light["cd45"]
    whole = cells(nuclei, stained["cytokeratin"] | stained["cd45"], both, px, settings)

    table: dict[str, np.ndarray] = {}
    outlines = {"nucleus": shapes(nuclei, count), "cell": shapes(whole, count)}
    table["x"], table["y"] = outlines["nucleus"][:, 2], outlines["nucleus"][:, 1]
    edge = np.unique(np.concatenate([whole[0], whole[-1], whole[:, 0], whole[:, -1]]))
    table["edge"] = np.isin(np.arange(1, count + 1), edge)
    for part, found in outlines.items():
        table |= {f"{part}_{what}": column for what, column in _shape(found, px).items()}
    table["focus"] = sharpness(dna, nuclei, count) / px**2
    for name, channel in zip(frame.names, frame.image, strict=True):
        under = unders[name]
        inside = nuclei if name == "dna" else whole
        sums = intensities(channel, inside, nuclei, count, under.grid, STAINED * under.noise)
        area = np.maximum(outlines["nucleus" if name == "dna" else "cell"][:, 0], 1.0)
        mean = sums[:, 0] / area
        table |= {
            f"{name}_mean": mean, f"{name}_max": sums[:, 1],
            f"{name}_sd": np.sqrt(np.maximum(sums[:, 2] / area - mean**2, 0.0)),
            f"{name}_mass": sums[:, 0], f"{name}_area_um2": sums[:, 3] * px**2,
            f"{name}_overlap": sums[:, 4] / np.maximum(sums[:, 5], 1.0), f"{name}_snr": mean / under.noise,
        }  # fmt: skip
    events = pd.DataFrame({"label": np.arange(1, count + 1, dtype=np.int32)} | table)
    floats = [name for name in events.columns if name not in ("label", "edge")]
    events = events.astype(dict.fromkeys(floats, np.float32))
    events.insert(0, "tile", pd.Categorical.from_codes(np.zeros(count, dtype=int), [frame.name]))
    touching = _pairs(contacts(whole, stained["cytokeratin"]), px)
    return Measured(events, touching, nuclei, whole, {name: under.noise for name, under in unders.items()})


def _shape(found: np.ndarray, px: float) -> dict[str, np.ndarray]:
    """Shape in um from the moments in px."""
    area, perimeter = found[:, 0], found[:, 6]
    middle = 0.5 * (found[:, 3] + found[:, 4])
    apart = np.sqrt(0.25 * (found[:, 3] - found[:, 4]) ** 2 + found[:, 5] ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        eccentricity = np.sqrt(np.clip(1.0 - (middle - apart) / (middle + apart), 0.0, 1.0))
    return {
        "area_um2": area * px**2, "perimeter_um": perimeter * px,
        "p2a": perimeter**2 / (4.0 * np.pi * np.maximum(area, 1.0)), "eccentricity": np.nan_to_num(eccentricity),
    }  # fmt: skip


def _pairs(found: np.ndarray, px: float) -> pd.DataFrame:
    """Contacts by pair of objects."""
    pairs = pd.DataFrame({"first": found[:, 0], "second": found[:, 1], "border_um": px, "keratin_um": found[:, 2] * px})
    return pairs.groupby(["first", "second"], as_index=False).sum()
