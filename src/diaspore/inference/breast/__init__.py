"""What the fit of breast cancer's natural history simulates, compares with, and leaves open."""
