"""Wire formats as tables of plain values and pure functions: one file per format, listed in `registry`."""
