"""Tables of `aebench gate`, which leaves no record."""

from __future__ import annotations

from aebench.comparison.gate import Gated
from aebench.records.fields import plain
from aebench.report.frames.comparisons import qualities, told
from aebench.report.frames.frame import Frame


def gated(found: Gated) -> list[Frame]:
    """What is to be known of a run and the accepted baseline, and each metric of both."""
    return [told(found.findings), *qualities([plain(it) for it in found.quality])]
