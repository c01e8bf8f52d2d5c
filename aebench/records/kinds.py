"""Every kind of record by name. The classes say what must stand in a record, what may, and of which type.

A field that may be missing is UNSET then; one that is there but unknown is None. To give a record another field, add it
to its class: a document with a field that no class knows is refused, when it is written and when it is read.
"""

from __future__ import annotations

from aebench.records.agreements import AgreementOfOne, Agreements, Growth
from aebench.records.audits import Audit
from aebench.records.bundles import Bundle
from aebench.records.calibrations import Calibration
from aebench.records.comparisons import Comparison
from aebench.records.fields import Part
from aebench.records.matrices import Matrix
from aebench.records.measurements import Bench, Scale
from aebench.records.trials import Baseline, Plan, Run, Trial

KINDS: dict[str, type[Part]] = {
    "plan": Plan, "trial": Trial, "agreement": AgreementOfOne, "agreements": Agreements, "growth": Growth, "run": Run,
    "scale": Scale, "bench": Bench, "baseline": Baseline, "comparison": Comparison, "calibration": Calibration,
    "audit": Audit, "matrix": Matrix, "bundle": Bundle,
}  # fmt: skip
