"""From tumour cells in blood to a count, and from a count back: draw, capture, losses, recognition, false events."""

from diaspore.ctc.assay.assays import ASSAYS, Assay, assay
from diaspore.ctc.assay.population import Population, body_population, line, tumour_population
from diaspore.ctc.assay.posterior import Posterior, Prior, posterior
from diaspore.ctc.assay.questions import change, detection, discordance, volume_for

__all__ = [
    "ASSAYS", "Assay", "Population", "Posterior", "Prior", "assay", "body_population", "change", "detection",
    "discordance", "line", "posterior", "tumour_population", "volume_for",
]  # fmt: skip
