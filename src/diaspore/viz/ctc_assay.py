"""Pictures of assays of circulating tumour cells: what would be counted, and what a count says of the blood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from diaspore.ctc.assay.assays import Assay
from diaspore.ctc.assay.counts import distribution, false_events, moments
from diaspore.ctc.assay.population import Population
from diaspore.ctc.assay.posterior import Posterior
from diaspore.viz import style

FALSE = "#E69F00"
COLOURS = (style.PRIMARY, "#D55E00", "#009E73", "#CC79A7")


@style.styled
def draw_counts(assay: Assay, population: Population, hour: float | None = None) -> Figure:
    """Chances of counts in a tube, beside those of blood without tumour cells."""
    mean, variance = moments(assay, population, hour)
    most = max(5, int(mean + 4.0 * variance**0.5) + 1)
    chance = distribution(assay, population, most, hour)
    false = false_events(assay.background, assay.background_shape)[: most + 1]
    false = false[false > 5e-4]  # others would lie on the axis
    figure = style.new_figure(7.2, 4.2)
    words = (
        f"{population.per_ml:.3g} tumour events in a mL of blood, {assay.volume:g} mL drawn: "
        f"expected {mean:.3g}, sd {variance**0.5:.2g}"
    )
    style.heading(figure, f"What {assay.name} would count", words, "a model of published performance")
    axes = figure.add_axes((0.1, 0.16, 0.86, 0.62))
    axes.bar(np.arange(most + 1), 100.0 * chance, width=0.85, color=style.PRIMARY, label="with these tumour cells")
    axes.plot(
        np.arange(len(false)), 100.0 * false, "D", color=FALSE, markersize=4.5, label="without any (false events)"
    )
    axes.set_xlabel("events counted in a tube")
    axes.set_ylabel("tubes (%)")
    axes.set_xlim(-0.7, most + 0.7)
    axes.legend(frameon=False, loc="upper right")
    return figure


@style.styled
def draw_posteriors(assay: Assay, found: Sequence[Posterior]) -> Figure:
    """Densities of the number of tumour events in the blood of a tube, for each count."""
    figure = style.new_figure(7.2, 4.2)
    words = f"true number of tumour events in the {assay.volume:g} mL of a tube, by count; bars: 95 % intervals"
    style.heading(figure, f"What a count of {assay.name} says of the blood", words, "prior: metastatic breast cancer")
    axes = figure.add_axes((0.1, 0.17, 0.86, 0.61))
    tallest = 0.0
    low_end, high_end = np.inf, 0.0
    for number, (one, colour) in enumerate(zip(found, COLOURS, strict=False)):
        density = one.chance[1:] / np.diff(np.log10(one.truth[1:])).mean()
        axes.plot(one.truth[1:], density, color=colour, label=f"{one.count} counted")
        low, high = one.interval()
        low_end, high_end = min(low_end, max(low, one.truth[1])), max(high_end, high)
        tallest = max(tallest, float(density.max()))
        y = -0.05 * (number + 1)
        axes.plot([max(low, one.truth[1]), high], [y * tallest, y * tallest], color=colour, linewidth=3, clip_on=False)
    axes.set_xscale("log")
    axes.set_xlim(low_end / 4.0, high_end * 4.0)
    axes.set_ylim(-0.05 * (len(found) + 1) * tallest, 1.08 * tallest)
    axes.set_xlabel("tumour events in the blood of a tube")
    axes.set_ylabel("chance per decade")
    axes.legend(frameon=False, loc="upper right")
    return figure
