"""Slides with stained cells: read, segmented, measured, gated and counted."""
