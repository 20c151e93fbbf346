"""Loops over cells and voxels; arrays and scalars only."""
