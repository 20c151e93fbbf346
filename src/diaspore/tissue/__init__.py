"""Cells in a microenvironment: fields of substances, mechanics, division, death, motility."""
