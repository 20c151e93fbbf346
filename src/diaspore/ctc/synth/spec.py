"""What a made-up slide holds and how it was photographed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from diaspore.core.errors import InputError, nearest_name
from diaspore.ctc.cells import TUMOUR_KINDS


@dataclass(frozen=True)
class Optics:
    """How a field is photographed. All of it is assumed; brightness in counts of the camera.

    ``blur_um``: sd of the blur in focus; ``defocus_um``: more of it at one side of the field than at the other;
    ``uneven``: light lost in the corners, as a share; ``offset``: of the camera; ``haze``: out-of-focus light by
    channel; ``dna``, ``cytokeratin``, ``cd45``, ``vimentin``: brightness of a typical cell; ``bleed``: share of
    cytokeratin's light that the other channels see; ``electrons``: per count; ``read_noise``: sd (counts); ``top``:
    largest count.
    """

    blur_um: float = 0.55
    defocus_um: float = 0.5
    uneven: float = 0.3
    offset: float = 150.0
    haze: Mapping[str, float] = field(
        default_factory=lambda: {"dna": 60.0, "cytokeratin": 90.0, "cd45": 70.0, "vimentin": 80.0}
    )
    dna: float = 1500.0
    cytokeratin: float = 1200.0
    cd45: float = 900.0
    vimentin: float = 900.0
    bleed: float = 0.02
    electrons: float = 1.5
    read_noise: float = 5.0
    top: float = 4095.0


@dataclass(frozen=True)
class SlideSpec:
    """One field of a slide.

    ``tumour``: tumour cells, those in clusters included; ``kinds``: their shares; ``leukocytes``, ``debris``: how
    many; ``clusters``: share of tumour cells in clusters of two or more; ``heterotypic``: share of clusters that hold
    a leukocyte; ``shape``: y and x (px); ``pixel_um``: side of a pixel; ``cancer``: whose sizes the cells have;
    ``lobed``: share of leukocytes with a lobed nucleus; ``sticky``: share of leukocytes that hold cytokeratin's
    antibody without having any; ``vimentin``: whether that channel is there. Shares are assumed.
    """

    tumour: int = 20
    leukocytes: int = 600
    debris: int = 40
    kinds: Mapping[str, float] = field(default_factory=lambda: {"epithelial": 0.7, "hybrid": 0.3, "mesenchymal": 0.0})
    clusters: float = 0.1
    heterotypic: float = 0.3
    shape: tuple[int, int] = (1024, 1024)
    pixel_um: float = 0.65
    cancer: str = "breast"
    lobed: float = 0.6
    sticky: float = 0.005
    vimentin: bool = True
    optics: Optics = field(default_factory=Optics)

    def __post_init__(self) -> None:
        for name in self.kinds:
            if name not in TUMOUR_KINDS:
                problem = f"there are no tumour cells of the kind {name!r}"
                raise InputError(problem, field="kinds", allowed=TUMOUR_KINDS, nearest=nearest_name(name, TUMOUR_KINDS))
        if sum(self.kinds.values()) <= 0.0 or min(self.kinds.values()) < 0.0:
            raise InputError("shares of kinds must not be negative, and one above 0", field="kinds")
        if min(self.tumour, self.leukocytes, self.debris) < 0:
            raise InputError("numbers of cells must not be negative", field="tumour")
        if min(self.shape) < 64:
            raise InputError("a field has at least 64 x 64 px", field="shape")

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, in order."""
        return ("dna", "cytokeratin", "cd45", *(("vimentin",) if self.vimentin else ()))
