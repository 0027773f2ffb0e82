"""House rules that no linter has: `python -m scripts.lint` runs them all. One rule is one file in `rules`."""
