"""Benchmarks of scoring, run by `make bench`; docs/benchmarks.md says what each row means. No tests: a report."""
