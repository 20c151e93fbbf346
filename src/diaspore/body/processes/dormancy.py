"""Dormancy: solitary sleepers, and colonies held by T cells. (Angiogenic dormancy is in ``angiogenesis``.)

Reads: levers ``dormancy_exit``, ``immune_kill`` at the site, immune activity. Writes: the day of waking or death of a
tracked sleeper, the day on which a held colony escapes, the stock of sleepers by site. Runs: in every panel; hazards
are constant between changes of levers, so waiting times carry a unit exponential from panel to panel.

Only sleepers that would take if they woke are tracked one by one (an exact thinning); the others are a stock with
inflow, waking and death.
"""

from __future__ import annotations

from diaspore.body.definitions import Definition

PARAMETERS = (
    Definition("dormancy.exit_rate", "1/day", 0, 1, "waking hazard of a solitary sleeper"),
    Definition("dormancy.death_rate", "1/day", 0, 1, "death hazard of a solitary sleeper"),
    Definition("dormancy.held_fraction", "1", 0, 1, "share of colonies that T cells hold"),
    Definition("dormancy.held_cells", "1", 2, 1e9, "cells of a held colony"),
    Definition("dormancy.escape_rate", "1/day", 1e-6, 10, "escape hazard of a held colony at normal immune activity"),
)
