"""One field of a slide: its channels in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SATURATED = 0.002
"""Share of pixels at the top of the scale above which a channel counts as overexposed: over a tenth of all cells."""


@dataclass(frozen=True)
class Frame:
    """One field.

    ``image``: ``[channel, y, x]`` of uint8 or uint16; ``names``: its channels, dna, cytokeratin, cd45, then extras;
    ``pixel_um``: side of a pixel; ``top``: largest number that the camera can give; ``name``: of the tile;
    ``file``: that it was read from.
    """

    image: np.ndarray
    names: tuple[str, ...]
    pixel_um: float
    top: float
    name: str
    file: str

    def channel(self, name: str) -> np.ndarray:
        """The pixels of one channel, ``[y, x]``."""
        pixels: np.ndarray = self.image[self.names.index(name)]
        return pixels

    @property
    def saturated(self) -> tuple[str, ...]:
        """Channels that are overexposed."""
        share = [(channel >= self.top).mean() for channel in self.image]
        return tuple(name for name, one in zip(self.names, share, strict=True) if one > SATURATED)
