"""Benchmarks: speed as ratios to a reference that is measured in the same run. ``python -m bench [names…] [--quick]``."""
