"""The vocabulary: values and rules. No I/O and no framework is imported anywhere below this package."""
