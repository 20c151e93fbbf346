"""From light to a photograph: bleeding, uneven light, blur, and the noise of the camera."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from diaspore.ctc.synth.spec import SlideSpec

HAZE_UM = 150.0
"""Scale on which out-of-focus light varies (assumed)."""


def photograph(spec: SlideSpec, light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light ``[channel, y, x]`` as the camera gives it, uint16 of the same shape.

    The blur grows across the field from ``blur_um`` to ``defocus_um`` more, in a direction drawn by chance; light is
    lost towards the corners; photons are counted (Poisson), read with noise, and cut off at the camera's top.
    """
    optics = spec.optics
    keratin = spec.channels.index("cytokeratin")
    height, width = spec.shape
    y, x = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None], np.linspace(-1.0, 1.0, width, dtype=np.float32)
    lost = (1.0 - optics.uneven * 0.5 * ((y - rng.uniform(-0.3, 0.3)) ** 2 + (x - rng.uniform(-0.3, 0.3)) ** 2)).clip(
        0.2
    )
    angle = rng.uniform(0.0, 2.0 * np.pi)
    far = np.clip(0.5 + 0.5 * (np.cos(angle) * x + np.sin(angle) * y), 0.0, 1.0).astype(np.float32)
    sharp, dull = optics.blur_um / spec.pixel_um, (optics.blur_um + optics.defocus_um) / spec.pixel_um
    out = np.empty(light.shape, np.uint16)
    for k, name in enumerate(spec.channels):
        seen = light[k] + (0.0 if k == keratin else optics.bleed) * light[keratin]
        near = gaussian_filter(seen, sharp, truncate=3.0)
        if optics.defocus_um > 0.0:
            near += far * (gaussian_filter(seen, dull, truncate=3.0) - near)
        counts = (near + optics.haze[name] * _haze(spec, rng)) * lost
        photons = rng.poisson(np.maximum(counts, 0.0) * optics.electrons) / optics.electrons
        noisy = photons + optics.offset + optics.read_noise * rng.standard_normal(counts.shape, dtype=np.float32)
        out[k] = np.clip(np.rint(noisy), 0.0, optics.top)
    return out


def _haze(spec: SlideSpec, rng: np.random.Generator) -> np.ndarray:
    """A smooth field around 1, from a coarse grid of random numbers."""
    height, width = spec.shape
    step = HAZE_UM / spec.pixel_um
    rows, columns = int(height / step) + 3, int(width / step) + 3
    coarse = np.exp(0.25 * rng.standard_normal((rows, columns)))
    v, u = np.arange(height) / step + 0.5, np.arange(width) / step + 0.5
    r, c = v.astype(int), u.astype(int)
    fv, fu = (v - r)[:, None], u - c
    fv, fu = fv * fv * (3 - 2 * fv), fu * fu * (3 - 2 * fu)
    above = coarse[r][:, c] * (1 - fu) + coarse[r][:, c + 1] * fu
    below = coarse[r + 1][:, c] * (1 - fu) + coarse[r + 1][:, c + 1] * fu
    return np.asarray(above * (1 - fv) + below * fv, dtype=np.float32)
