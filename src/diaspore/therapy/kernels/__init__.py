"""Compiled kernels of treatments."""
