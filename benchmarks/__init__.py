"""Benchmarks: a package, so that its files may have the same names as those of tests/."""
