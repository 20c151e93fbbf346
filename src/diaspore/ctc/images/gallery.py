"""Pictures of single events: each channel for itself and all in colour, on one scale for the slide."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from diaspore.ctc.images.background import background
from diaspore.ctc.images.channels import ChannelMap
from diaspore.ctc.images.measuring import Tile
from diaspore.ctc.images.reading import Field, read

SIDE_UM = 30.0
SHOWN_PX = 72
GAP = 4
COLOURS = {"dna": (0.25, 0.45, 1.0), "cytokeratin": (0.1, 1.0, 0.2), "cd45": (1.0, 0.2, 0.2)}
"""Of the composite; further channels are shown in grey alone."""
TOP = 99.7
"""Percentile of the pixels of all pictures that is shown as white."""


@dataclass(frozen=True)
class Pictures:
    """``crops``: float32 ``[event, channel, y, x]`` less the background, 0 outside of a field; ``names``: channels."""

    crops: np.ndarray
    names: tuple[str, ...]

    def strip(self, number: int) -> np.ndarray:
        """One event as a strip, uint8 ``[y, x, 3]``: the composite, then each channel in grey."""
        scaled = np.clip(self.crops[number] / self._white()[:, None, None], 0.0, 1.0) ** 0.7
        colour = np.zeros((*scaled.shape[1:], 3))
        for name, rgb in COLOURS.items():
            colour += scaled[self.names.index(name)][..., None] * np.array(rgb)
        panels = [np.clip(colour, 0.0, 1.0), *(np.repeat(one[..., None], 3, axis=2) for one in scaled)]
        gap = np.ones((scaled.shape[1], GAP, 3))
        joined = np.concatenate([part for panel in panels for part in (panel, gap)][:-1], axis=1)
        return np.asarray(np.rint(255.0 * joined), dtype=np.uint8)

    def _white(self) -> np.ndarray:
        return np.maximum(np.percentile(self.crops, TOP, axis=(0, 2, 3)), 1.0)


def pictures(
    events: pd.DataFrame, tiles: Sequence[Tile], listed: Sequence[Field], channels: ChannelMap | None
) -> Pictures:
    """Cut the events out of their fields, which are read once more, each once."""
    from scipy.ndimage import map_coordinates

    files = {(str(field.file)): field for field in listed}
    names = tiles[0].names
    crops = np.zeros((len(events), len(names), SHOWN_PX, SHOWN_PX), np.float32)
    for tile, rows in events.reset_index(drop=True).groupby("tile"):
        one = tiles[int(tile)]
        frame = next(found for found in read(files[one.file], channels) if found.name == one.name)
        steps = (np.arange(SHOWN_PX) - 0.5 * (SHOWN_PX - 1)) * (SIDE_UM / SHOWN_PX / one.pixel_um)
        for k, channel in enumerate(frame.image):
            flat = channel - background(channel).image(one.shape).astype(np.float32)
            for number, row in rows.iterrows():
                grid = np.meshgrid(row["y"] + steps, row["x"] + steps, indexing="ij")
                crops[number, k] = map_coordinates(flat, grid, order=1, mode="constant", cval=0.0)
    return Pictures(crops, names)


def png(image: np.ndarray) -> bytes:
    """A picture as PNG."""
    from matplotlib.image import imsave

    stream = io.BytesIO()
    imsave(stream, image, format="png")
    return stream.getvalue()


def write_sheet(file: Path, found: Pictures, events: pd.DataFrame, title: str) -> None:
    """A contact sheet of all events, the surest first, two beside each other."""
    from matplotlib.figure import Figure

    columns = 2 if len(events) > 1 else 1
    rows = max(1, -(-len(events) // columns))
    wide = (len(found.names) + 1) * (SHOWN_PX + GAP)
    text = 1.7 * SHOWN_PX
    width, height = columns * (wide + text), rows * (SHOWN_PX + 10) + 70
    figure = Figure(figsize=(width / 100, height / 100), dpi=150, facecolor="white")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.axis("off")
    axes.text(8, 20, title, fontsize=9, weight="bold", va="center")
    for column in range(columns):
        for k, name in enumerate(("all", *found.names)):
            left = column * (wide + text) + k * (SHOWN_PX + GAP) + 0.5 * SHOWN_PX
            axes.text(left + 8, 44, name, fontsize=6.5, ha="center", va="center")
    for number, (_, event) in enumerate(events.iterrows()):
        row, column = divmod(number, columns)
        left, top = column * (wide + text) + 8, 56 + row * (SHOWN_PX + 10)
        axes.imshow(found.strip(number), extent=(left, left + wide - GAP, top + SHOWN_PX, top), interpolation="nearest")
        axes.text(left + wide + 4, top + 0.5 * SHOWN_PX, caption(event), fontsize=6, va="center", linespacing=1.3)
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    bar = 10.0 / SIDE_UM * SHOWN_PX
    if len(events):
        axes.plot([12, 12 + bar], [56 + SHOWN_PX - 5] * 2, color="white", linewidth=1.5)
        axes.text(12 + 0.5 * bar, 56 + SHOWN_PX - 11, "10 µm", color="white", fontsize=5, ha="center")
    figure.savefig(file, format="png")


def caption(event: pd.Series) -> str:
    """What is said beside an event."""
    lines = [str(event["class"])]
    if event["probability"] == event["probability"]:
        lines.append(f"probability {event['probability']:.2f}")
    if event["cluster_nuclei"] >= 2:
        lines.append(f"cluster of {int(event['cluster_nuclei'])}")
    if event["heterotypic"]:
        lines.append("touches a leukocyte")
    if event["edge"]:
        lines.append("cut by the edge")
    return "\n".join(lines)
