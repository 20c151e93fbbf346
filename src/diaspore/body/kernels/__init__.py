"""Compiled kernels of the body engine: arrays and scalars only."""
