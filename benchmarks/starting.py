"""asv: what a process pays before it computes anything. Lower is better."""

from __future__ import annotations

from aebench.speed.workloads import import_seconds

from .cases import FRAMEWORKS, require


class Import:
    """Importing a framework, in a process that has imported `aebench` only."""

    version = "1"
    # Variants of a framework share its import.
    params = tuple(name for name in FRAMEWORKS if "-" not in name)
    param_names = ("framework",)
    unit = "seconds"

    def setup(self, framework: str) -> None:
        """Look whether it is installed, without importing it."""
        require(framework)

    def track_import_seconds(self, framework: str) -> float:
        """Seconds of the import, with looking for devices."""
        return float(import_seconds(framework))
