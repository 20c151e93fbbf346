"""First pass over a folder: every field is read and measured, damaged ones are told and passed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from diaspore.core.errors import InputError
from diaspore.core.parallel import ordered_map
from diaspore.core.progress import Bar
from diaspore.ctc.images.channels import ChannelMap
from diaspore.ctc.images.features import measure
from diaspore.ctc.images.frames import Frame
from diaspore.ctc.images.parts import Parts, Sample
from diaspore.ctc.images.reading import Field, read
from diaspore.ctc.images.segmentation import Segmentation, Segmenter

TABLES = ("events", "contacts")


@dataclass(frozen=True)
class Tile:
    """A field that was measured: what remains of it in memory."""

    name: str
    file: str
    names: tuple[str, ...]
    pixel_um: float
    top: float
    shape: tuple[int, ...]
    saturated: tuple[str, ...]


@dataclass
class Measurements:
    """Of a slide: its ``tiles``, what could not be read, and a ``sample`` of its events."""

    tiles: list[Tile] = field(default_factory=list)
    failures: list[InputError] = field(default_factory=list)
    sample: pd.DataFrame = field(default_factory=pd.DataFrame)


def measure_all(
    listed: Sequence[Field],
    folder: Path,
    bar: Bar,
    *,
    channels: ChannelMap | None = None,
    segmentation: Segmentation | None = None,
    segmenter: Segmenter | None = None,
    threads: int = 1,
) -> Measurements:
    """Measure fields, ``threads`` at a time; events and contacts go to ``folder`` in parts, by number of tile.

    A file that cannot be read, or does not fit the ones before it, is a failure; the others go on.
    """
    found, sample, parts = Measurements(), Sample(), Parts(folder, TABLES)

    def one(place: Field) -> list[tuple[Tile, pd.DataFrame, pd.DataFrame]] | InputError:
        try:
            return [_measured(frame, segmentation, segmenter) for frame in read(place, channels)]
        except InputError as error:
            return error

    for result in ordered_map(one, listed, threads, lookahead=threads + 1):
        bar.advance()
        if isinstance(result, InputError):
            found.failures.append(result)
            continue
        for tile, events, contacts in result:
            problem = _misfit(tile, found.tiles)
            if problem is not None:
                found.failures.append(problem)
                continue
            number = len(found.tiles)
            found.tiles.append(tile)
            events.insert(0, "tile", np.full(len(events), number, dtype=np.int32))
            contacts.insert(0, "tile", np.full(len(contacts), number, dtype=np.int32))
            sample.add(events)
            parts.add(events, contacts)
    parts.flush()
    if found.tiles:
        found.sample = sample.table()
    return found


def tile_of(frame: Frame) -> Tile:
    """What is kept of a frame."""
    shape = frame.image.shape[1:]
    return Tile(frame.name, frame.file, frame.names, frame.pixel_um, frame.top, shape, frame.saturated)


def _measured(
    frame: Frame, segmentation: Segmentation | None, segmenter: Segmenter | None
) -> tuple[Tile, pd.DataFrame, pd.DataFrame]:
    """What is kept of a frame and of what it holds; its pixels are not."""
    measured = measure(frame, segmentation, segmenter)
    return tile_of(frame), measured.events.drop(columns="tile"), measured.contacts


def _misfit(tile: Tile, others: Sequence[Tile]) -> InputError | None:
    """Why a field does not belong to the slide of the others."""
    if not others:
        return None
    first = others[0]
    if tile.names != first.names:
        problem = f"has the channels {', '.join(tile.names)}, fields before it {', '.join(first.names)}"
    elif tile.shape != first.shape:
        problem = f"is {_size(tile.shape)}, fields before it {_size(first.shape)}"
    elif tile.top != first.top:
        problem = f"is of another depth (up to {tile.top:g}) than fields before it (up to {first.top:g})"
    elif abs(tile.pixel_um / first.pixel_um - 1.0) > 1e-3:
        problem = f"has pixels of {tile.pixel_um:g} um, fields before it of {first.pixel_um:g} um"
    else:
        return None
    return InputError(problem, file=tile.file, allowed="fields of one slide in a folder, all photographed the same way")


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]} px"
