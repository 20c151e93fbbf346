"""Which organs a primary seeds: soil by organ on top of blood flow, fitted to MSK-MET."""
