"""Which channel is which stain: a map that the user writes, or the names that the file itself gives."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.yamlio import Document, load_yaml

STAINS = ("dna", "cytokeratin", "cd45")
"""Without which cells cannot be told apart; further channels are extras."""
USUAL = {
    "dna": ("dna", "dapi", "hoechst"),
    "cytokeratin": ("cytokeratin", "ck", "panck", "keratin"),
    "cd45": ("cd45", "leukocyte"),
}
"""Names by which a channel is known without a map: the whole name, or a word of it."""
KEYS = ("channels", "pixel_size_um", "pattern", "bits", "full_scale")
BITS = range(8, 17)


@dataclass(frozen=True)
class ChannelMap:
    """Channels by stain: the name in the file (or in its file name), or its number, 1 for the first.

    ``channels``: dna, cytokeratin, cd45 in this order, then extras; empty: by `USUAL` names. ``pixel_size_um``: None:
    the file says. ``pattern``: for one file a channel, a file name with ``{channel}``, such as
    ``{tile}_{channel}.tif``. ``bits``: of the camera, where a 16-bit file holds fewer. ``full_scale``: for images of
    floating point numbers, what counts as the most that can be measured; such images are refused without it.
    """

    channels: Mapping[str, str | int] = field(default_factory=dict)
    pixel_size_um: float | None = None
    pattern: str | None = None
    bits: int | None = None
    full_scale: float | None = None
    file: str | None = None

    def places(self, names: Sequence[str], count: int, file: str) -> dict[str, int]:
        """Index of the channel of each stain in a file that has ``count`` channels, ``names`` where it names them.

        Raises:
            InputError: a channel is not there, or the file names none and there is no map.
        """
        if not self.channels:
            return _usual(names, count, file)
        found = {}
        for stain, wanted in self.channels.items():
            if isinstance(wanted, int):
                if not 1 <= wanted <= count:
                    problem = f"has {count} channels, but {stain} should be number {wanted}"
                    raise InputError(problem, file=file, field=stain, allowed=f"1 to {count}")
                found[stain] = wanted - 1
            elif wanted in names:
                found[stain] = list(names).index(wanted)
            else:
                problem = f"has no channel {wanted!r}"
                there = tuple(names) or f"the file names none of its {count} channels: give numbers, from 1"
                raise InputError(problem, file=file, field=stain, allowed=there, nearest=nearest_name(wanted, names))
        return found


def _usual(names: Sequence[str], count: int, file: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for stain, words in USUAL.items():
        hits = [
            k for k, name in enumerate(names) if stain == name.lower() or set(words) & set(_words(name))
        ]  # fmt: skip
        if len(hits) != 1:
            what = "names no channel" if not hits else "names more than one channel"
            problem = f"{what} that is {stain}"
            hint = f"names such as {', '.join(words)}, or a map of channels (--channels FILE)"
            if names:
                hint += f"; the file has {', '.join(names)}"
            else:
                hint += f"; the file names none of its {count} channels"
            raise InputError(problem, file=file, allowed=hint)
        found[stain] = hits[0]
    for k, name in enumerate(names):
        if k not in found.values():
            found["_".join(_words(name)) or f"channel_{k + 1}"] = k
    return found


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.lower())


def load_channels(path: str | Path) -> ChannelMap:
    """Read a map of channels from YAML: ``channels`` (with ``extras``), ``pixel_size_um``, ``pattern``, ``bits``.

    Raises:
        InputError: not such a file; says the line and the field.
    """
    document = load_yaml(path)
    data = document.data
    if not isinstance(data, dict):
        raise document.error("must be a map of channels", allowed=KEYS)
    for key in data:
        if key not in KEYS:
            raise document.error(
                "is no field of a map of channels", (key,), allowed=KEYS, nearest=nearest_name(key, KEYS)
            )
    channels = _channels(document)
    pattern = data.get("pattern")
    if pattern is not None and (not isinstance(pattern, str) or pattern.count("{channel}") != 1):
        raise document.error("must be a file name with {channel} in it", ("pattern",), allowed="{tile}_{channel}.tif")
    bits = data.get("bits")
    if bits is not None and bits not in BITS:
        raise document.error(f"must be a whole number, got {shown(bits)}", ("bits",), allowed="8 to 16")
    sizes = {}
    for key in ("pixel_size_um", "full_scale"):
        value = data.get(key)
        if value is not None and not (
            isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6
        ):
            raise document.error(f"must be a number above 0, got {shown(value)}", (key,))
        sizes[key] = None if value is None else float(value)
    return ChannelMap(channels, sizes["pixel_size_um"], pattern, bits, sizes["full_scale"], document.file)


def _channels(document: Document) -> dict[str, str | int]:
    given = document.data.get("channels")
    if not isinstance(given, dict):
        raise document.error("says which channel is which stain", ("channels",), allowed=(*STAINS, "extras"))
    allowed = (*STAINS, "extras")
    for key in given:
        if key not in allowed:
            problem = "is no stain that is asked for; further channels belong below extras"
            raise document.error(problem, ("channels", key), allowed=allowed, nearest=nearest_name(key, allowed))
    for stain in STAINS:
        if stain not in given:
            raise document.error(f"{stain} is missing", ("channels",), allowed=allowed)
    extras = given.get("extras") or {}
    if not isinstance(extras, dict):
        raise document.error("must be names with channels", ("channels", "extras"), allowed="vimentin: VIM")
    found = {stain: given[stain] for stain in STAINS} | extras
    for name, value in found.items():
        place = ("channels", name) if name in STAINS else ("channels", "extras", name)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise document.error("must be the name of a channel or its number, from 1", place)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", str(name)):
            raise document.error("must be a name of small letters, digits and _", place)
    if len(set(found.values())) < len(found):
        raise document.error("two stains have the same channel", ("channels",))
    return found
