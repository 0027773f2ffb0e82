"""What happened, kept without slowing calls down: usage and its cost, captures, refusals, and tidying what is old."""
