"""Numbers of the processes that draw: the ``process`` argument of :mod:`diaspore.core.rng`."""

from __future__ import annotations

S_CYCLE = 1001
S_APOPTOSIS = 1002
S_NECROSIS = 1003
S_DIVISION = 1004
S_PLACING = 1005
S_TURN = 1006
S_HEADING = 1007
S_TRANSFORMATION = 1008
S_NETWORK = 1100  # and the numbers after it, one for each network of a tissue
S_NETWORK_START = 1200
S_TARGET = 1009
S_HIT = 1010
S_LET_GO = 1011
S_CLEAR = 1012
S_RECRUIT = 1013
S_ENTER = 1014
S_LEAVE = 1015
S_EMT = 1016
S_JOIN = 1017
S_AGAIN = 1018
