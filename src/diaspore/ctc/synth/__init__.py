"""Made-up slides whose truth is known, from the same kinds of cells as the assays."""
