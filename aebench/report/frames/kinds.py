"""The tables of every kind of record."""

from __future__ import annotations

from collections.abc import Callable

from aebench.errors import UnknownNameError
from aebench.records.fields import checked, plain
from aebench.records.kinds import KINDS
from aebench.report.frames import agreements, trials
from aebench.report.frames.benches import bench
from aebench.report.frames.calibrations import calibration
from aebench.report.frames.comparisons import comparison
from aebench.report.frames.frame import Content, Frame
from aebench.report.frames.matrices import matrix
from aebench.report.frames.others import audit, bundle
from aebench.report.frames.sweeps import scale

OF: dict[str, Callable[[Content], list[Frame]]] = {
    "plan": trials.plan, "trial": trials.one, "run": trials.run, "baseline": trials.baseline,
    "agreement": agreements.of_one, "agreements": agreements.of_several, "growth": agreements.growth,
    "scale": scale, "bench": bench, "comparison": comparison, "calibration": calibration, "audit": audit,
    "matrix": matrix, "bundle": bundle,
}  # fmt: skip


def frames(kind: str, content: Content) -> list[Frame]:
    """The tables of a record, those that answer first what the record is asked; one without rows is there, too.

    content: as `aebench.records.documents.read` gives it.

    Raises:
        UnknownNameError: there is no such kind of record.
        msgspec.ValidationError: the content is none of that kind.
        ResultError: a calibration or a comparison has a block without numbers that did not fail.
    """
    if kind not in OF:
        raise UnknownNameError("kind of record", kind, OF)
    return OF[kind](plain(checked(content, KINDS[kind])))
