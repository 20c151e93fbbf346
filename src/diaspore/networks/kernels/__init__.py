"""Compiled kernels of molecular networks, on arrays and scalars only."""
