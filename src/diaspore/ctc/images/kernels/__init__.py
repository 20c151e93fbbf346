"""Loops over pixels, compiled: all touch only what is above the background, so their time goes with the cells."""
