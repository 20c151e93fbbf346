"""Substances on grids: diffusion with decay, sources and uptake, steady states, taxis."""
