"""Fields of a slide from TIFF files, one at a time: all channels in a file, or one file a channel."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diaspore.core.errors import InputError
from diaspore.ctc.images.channels import ChannelMap
from diaspore.ctc.images.frames import Frame
from diaspore.ctc.images.packages import tifffile

SUFFIXES = (".tif", ".tiff")
LEAST_PIXEL, MOST_PIXEL = 0.02, 5.0  # um
MOST_CHANNELS = 16
LEAST_SIDE = 16


@dataclass(frozen=True)
class Field:
    """Where a field is: its ``name``, and its file, or its files by channel (`files` then has the names in the map)."""

    name: str
    file: Path
    files: tuple[tuple[str, Path], ...] = ()


def fields(folder: str | Path, channels: ChannelMap | None = None) -> list[Field]:
    """The fields in a folder by name; no image is read yet.

    Raises:
        InputError: no such folder, or no images in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("no such folder" if not folder.exists() else "is a file, expected a folder", file=folder)
    files = sorted(
        file for file in folder.iterdir()
        if file.is_file() and file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    )  # fmt: skip
    if not files:
        raise InputError("there are no images in this folder", file=folder, allowed="files that end in .tif or .tiff")
    pattern = None if channels is None else channels.pattern
    if channels is None or pattern is None:
        return [Field(re.sub(r"\.ome$", "", file.stem), file) for file in files]
    before, after = pattern.split("{channel}")
    parts = [re.escape(text).replace(r"\{tile\}", "(?P<tile>.+)") for text in (before, after)]
    words = {str(word): word for word in channels.channels.values()}
    form = re.compile(
        parts[0] + "(?P<channel>" + "|".join(map(re.escape, sorted(words, key=len)[::-1])) + ")" + parts[1]
    )
    groups: dict[str, dict[str, Path]] = {}
    for file in files:
        match = form.fullmatch(file.name)
        if match is not None:
            tile = match.groupdict().get("tile") or folder.name
            groups.setdefault(tile, {})[match["channel"]] = file
    if not groups:
        problem = f"no file name fits the pattern {pattern!r}"
        raise InputError(
            problem, file=folder, allowed=f"such as {files[0].name}, with {', '.join(words)} for {{channel}}"
        )
    return [
        Field(tile, next(iter(found.values())), tuple(sorted(found.items()))) for tile, found in sorted(groups.items())
    ]  # fmt: skip


def frames(folder: str | Path, channels: ChannelMap | None = None) -> Iterator[Frame]:
    """All fields of a folder, one in memory at a time.

    Raises:
        InputError: as of `fields` and `read`, at the first file that cannot be read.
    """
    for field in fields(folder, channels):
        yield from read(field, channels)


def read(field: Field, channels: ChannelMap | None = None) -> list[Frame]:
    """The frames of a field: one, or one for each series of an OME-TIFF.

    Raises:
        InputError: no TIFF, damaged, an unknown layout or depth, a channel missing, sizes that differ, no pixel size.
    """
    channels = channels or ChannelMap()
    if field.files:
        return [_joined(field, channels)]
    found = []
    series = _series(field.file)
    for number, (pixels, axes, names, pixel_um, bits) in enumerate(series, 1):
        image = _layout(pixels, axes, field.file)
        places = channels.places(names, len(image), str(field.file))
        name = field.name if len(series) == 1 else f"{field.name}-{number}"
        found.append(_frame(image[list(places.values())], tuple(places), pixel_um, channels, name, field.file, bits))
    return found


def _joined(field: Field, channels: ChannelMap) -> Frame:
    """A field whose channels are files of their own."""
    there = dict(field.files)
    planes: list[np.ndarray] = []
    pixel_um = None
    for stain, word in channels.channels.items():
        file = there.get(str(word))
        if file is None:
            problem = f"the file of {stain} ({word}) is missing"
            raise InputError(problem, file=field.file, field=stain, allowed=f"there are {', '.join(there)}")
        pixels, axes, _names, size, bits = _series(file)[0]
        plane = _layout(pixels, axes, file)
        if len(plane) != 1:
            raise InputError(f"has {len(plane)} channels, expected one", file=file, field=stain)
        if planes and plane[0].shape != planes[0].shape:
            raise InputError(
                f"is {_size(plane[0])}, other channels of this field {_size(planes[0])}", file=file, field=stain
            )
        if planes and plane.dtype != planes[0].dtype:
            raise InputError(
                f"is {plane.dtype}, other channels of this field {planes[0].dtype}", file=file, field=stain
            )
        planes.append(plane[0])
        pixel_um = size if pixel_um is None else pixel_um
    return _frame(np.stack(planes), tuple(channels.channels), pixel_um, channels, field.name, field.file, bits)


def _series(file: Path) -> list[tuple[np.ndarray, str, tuple[str, ...], float | None, int | None]]:
    """Pixels, axes, names of channels, pixel size (um) and bits in use of each series of a file."""
    library = tifffile()
    try:
        with warnings.catch_warnings(), library.TiffFile(file) as tiff:
            warnings.simplefilter("ignore")
            ome = _ome(library, tiff)
            if not tiff.is_ome and len(tiff.series) > 1:
                sizes = ", ".join(
                    dict.fromkeys(_size(one.asarray()) if one.ndim == 2 else str(one.shape) for one in tiff.series)
                )
                raise InputError(
                    f"its pages differ in size ({sizes})", file=file, allowed="pages of one size, one a channel"
                )
            return [(one.asarray(), one.axes, *ome[min(k, len(ome) - 1)]) for k, one in enumerate(tiff.series)]
    except InputError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # a damaged file can fail anywhere in the reader, in any way
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"is no TIFF file that can be read, or is damaged ({reason})", file=file) from None


def _ome(library: Any, tiff: Any) -> list[tuple[tuple[str, ...], float | None, int | None]]:
    """Names of channels, pixel size and bits in use by series, as far as the file gives them."""
    if not tiff.is_ome:
        return [((), None, None)]
    images = library.xml2dict(tiff.ome_metadata)["OME"]["Image"]
    found = []
    for image in images if isinstance(images, list) else [images]:
        pixels = image["Pixels"]
        listed = pixels.get("Channel", [])
        names = [str(one.get("Name", "")) for one in (listed if isinstance(listed, list) else [listed])]
        scale = {"µm": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3}.get(str(pixels.get("PhysicalSizeXUnit", "µm")))
        size = pixels.get("PhysicalSizeX")
        bits = pixels.get("SignificantBits")
        found.append(
            (
                tuple(names) if all(names) else (), None if size is None or scale is None else float(size) * scale,
                int(bits) if str(bits).isdigit() and int(bits) > 0 else None,
            )
        )  # fmt: skip
    return found


def _layout(pixels: np.ndarray, axes: str, file: Path) -> np.ndarray:
    """Pixels as ``[channel, y, x]``."""
    extra = [
        f"{n} {axis}" for axis, n in zip(axes, pixels.shape, strict=True) if axis in "TZ" and n > 1 and "C" in axes
    ]
    if extra:
        raise InputError(f"holds a stack ({', '.join(extra)})", file=file, allowed="one plane for each channel")
    image = pixels.reshape([n for n in pixels.shape if n > 1]) if pixels.ndim > 3 else pixels
    if image.ndim == 2:
        image = image[None]
    if image.ndim != 3:
        raise InputError(f"has the shape {pixels.shape} ({axes})", file=file, allowed="channels, y and x")
    if image.shape[0] > MOST_CHANNELS and image.shape[2] <= MOST_CHANNELS:
        image = np.moveaxis(image, 2, 0)
    if image.shape[0] > MOST_CHANNELS or min(image.shape[1:]) < LEAST_SIDE:
        problem = f"has the shape {pixels.shape} ({axes})"
        allowed = f"at most {MOST_CHANNELS} channels of at least {LEAST_SIDE} x {LEAST_SIDE} px"
        raise InputError(problem, file=file, allowed=allowed)
    return image


def _frame(
    image: np.ndarray, names: tuple[str, ...], pixel_um: float | None, channels: ChannelMap, name: str, file: Path,
    in_use: int | None,
) -> Frame:  # fmt: skip
    size = channels.pixel_size_um or pixel_um
    if size is None:
        hint = "pixel_size_um in a map of channels (--channels FILE)"
        raise InputError("does not say how large its pixels are", file=file, field="pixel_size_um", allowed=hint)
    if not LEAST_PIXEL <= size <= MOST_PIXEL:
        raise InputError(
            f"its pixels are {size:g} um wide, which shows no cells", file=file, field="pixel_size_um",
            allowed=f"{LEAST_PIXEL:g} to {MOST_PIXEL:g} um; {hint} if the file is wrong",
        )  # fmt: skip
    if image.dtype.kind == "f" and channels.full_scale is not None:
        image = np.clip(np.nan_to_num(image) * (65535.0 / channels.full_scale), 0.0, 65535.0).astype(np.uint16)
    if image.dtype not in (np.uint8, np.uint16):
        allowed = "8 or 16 bit without sign; for floating point numbers give full_scale in a map of channels"
        raise InputError(f"its pixels are {image.dtype}", file=file, allowed=allowed)
    most = 8 if image.dtype == np.uint8 else 16
    bits = min(channels.bits or in_use or most, most)
    return Frame(np.ascontiguousarray(image), names, float(size), float(2**bits - 1), name, str(file))


def _size(image: np.ndarray) -> str:
    return f"{image.shape[-1]} x {image.shape[-2]} px"
