"""Fuzzing of both HTTP sides and of what reads bodies: `python -m fuzz`. What must hold is checked here, once.

The same checks run on drawn inputs in the tests, bounded; here a coverage-guided fuzzer looks for inputs.
"""
