"""What is timed. Installed as `aebench.benchmarks`; the front ends (pytest-benchmark, asv) are thin."""
