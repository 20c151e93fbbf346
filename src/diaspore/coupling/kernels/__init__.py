"""Compiled kernels of this package."""
