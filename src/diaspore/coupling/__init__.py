"""Scales joined: what is rare at one scale and decides at the next."""
