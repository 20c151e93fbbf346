"""What a count says of the mean count of the patient: the posterior of an assay, in events that it would find per mL.

Cut-offs are of counts, so that the question beside one is not how many cells there are, but how many would be found on
average, over hours and tubes.
"""

from __future__ import annotations

from dataclasses import dataclass

from diaspore.ctc.assay.assays import assay
from diaspore.ctc.assay.population import tumour_population
from diaspore.ctc.assay.posterior import Posterior, posterior


@dataclass(frozen=True)
class FoundPerMl:
    """Posterior of the mean number of events found in a mL of blood.

    Attributes:
        truth: posterior of the events in the blood of a tube.
        per_event: mean number found in a mL for each of these.
    """

    truth: Posterior
    per_event: float

    def above(self, per_ml: float) -> float:
        """Chance that on average at least ``per_ml`` are found, false ones left out."""
        return self.truth.above(per_ml / self.per_event)

    def interval(self, level: float) -> tuple[float, float]:
        """Central interval of the mean number found in a mL."""
        low, high = self.truth.interval(level)
        return low * self.per_event, high * self.per_event


def found_per_ml(count: int, volume: float, name: str) -> FoundPerMl:
    """After a count in ``volume`` mL by the preset ``name``, with breast cancer cells and the prior for metastases.

    Raises:
        InputError: there is no such preset.
    """
    one = assay("slide" if name == "slides" else name).with_(volume=volume)
    cells = tumour_population(0.0)
    return FoundPerMl(posterior(count, one, cells), one.recovery(cells) / volume)
