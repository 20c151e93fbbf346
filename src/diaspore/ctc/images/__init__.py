"""Slides with stained cells: read, segmented, measured, gated and counted.

`count.count_folder` does all of it; `reading.frames`, `segmentation.nuclei`, `features.measure` and
`gates.load_gates` are its steps.
"""
