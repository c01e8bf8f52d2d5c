"""What is timed. Installed as `benchmarks`; the front ends (pytest-benchmark, asv) are thin."""
