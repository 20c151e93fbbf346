"""Numbers of the processes of vessels that draw: the ``process`` argument of :mod:`diaspore.core.rng`."""

from __future__ import annotations

S_SPROUT = 1301
S_INHIBITION = 1302
S_WANDER = 1303
S_WANDER_Z = 1304
S_BRANCH = 1305
S_TURN = 1306
S_REGRESSION = 1307
