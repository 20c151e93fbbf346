"""Named continuum models of invasion: cells, tissue and what passes between them as densities (``kind: invasion``)."""
