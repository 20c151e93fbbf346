"""From blood to a tube, from the tube to a slide, from the slide to a count, and from the count back to the blood."""

from __future__ import annotations

import math

import numpy as np

from diaspore.ctc.assay import assay, posterior, tumour_population
from diaspore.ctc.assay.counts import draw
from diaspore.ctc.assay.posterior import metastatic
from diaspore.ctc.images.features import measure
from diaspore.ctc.images.gates import TUMOUR, load_gates
from diaspore.ctc.synth.slide import make_slide
from diaspore.ctc.synth.spec import SlideSpec
from diaspore.validation.cases.ctc_slides import counted

PATIENTS, MOST = 24, 80


def test_intervals_of_the_blood_hold_the_truth_after_a_slide_was_counted() -> None:
    # Cells that handling and beads leave; whether one is recognised is now up to the slide's gates.
    gates = load_gates("relative")
    chain = assay("cellsearch").with_(cytokeratin_half=0.0, background=0.0)
    cells = tumour_population(1.0, kinds={"epithelial": 0.8, "hybrid": 0.2}, clusters=0.0)
    seen = chain.with_(handling=chain.handling * (1.0 - (gates.missed or 0.0)))
    truths = metastatic().draw(400, np.random.default_rng(8))
    truths = truths[(truths > 0.5) & (truths < MOST)][:PATIENTS]
    assert len(truths) == PATIENTS
    held, counts, on_slides = 0, [], []
    for number, truth in enumerate(truths):
        tube = draw(chain, cells.at(float(truth) / chain.volume), 1, seed=500 + number).iloc[0]
        spec = SlideSpec(
            tumour=int(tube["found"]), leukocytes=250, debris=12, shape=(640, 640), clusters=0.0,
            kinds={"epithelial": 0.8, "hybrid": 0.2},
        )  # fmt: skip
        frame = make_slide(spec, seed=900 + number).frame()
        _, table = counted(frame, measure(frame))
        count = int((table["class"] == TUMOUR).sum())
        low, high = posterior(count, seen, cells, metastatic()).interval()
        held += low <= truth <= high
        counts.append(count)
        on_slides.append(int(tube["found"]))
    assert sum(on_slides) > 100
    assert abs(sum(counts) / sum(on_slides) - 1.0) < 0.1
    # 95 % of 24 with four standard errors: at least 18.
    assert held >= PATIENTS * 0.95 - 4.0 * math.sqrt(PATIENTS * 0.95 * 0.05)
