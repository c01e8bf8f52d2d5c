"""The tables of a record, typed and at full precision: `frames("run", content)` are those of a run."""

from aebench.report.frames.frame import Field, Frame
from aebench.report.frames.kinds import frames

__all__ = ["Field", "Frame", "frames"]
