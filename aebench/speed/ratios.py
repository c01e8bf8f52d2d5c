"""What a block says of each measure: how many times as long one process took as the other, or how much more it held.

A measure is a workload of a process, whose rounds are timed; its first epoch, which is the first round of the training;
the import of the framework; or a peak of memory. A block may lack some: what was decided is measured no more.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import UNSET

from aebench.errors import ResultError
from aebench.records.blocks import Block, Pair, Timed

TRAINING, INFERENCE = "training", "inference"
FIRST_EPOCH, IMPORT = "first epoch", "import"  # these happen once in a process
OF_AN_AUTOENCODER = (TRAINING, INFERENCE, FIRST_EPOCH)
# Where a subject's record has its peaks.
PEAKS = {"memory": "peak_bytes", "device memory": "peak_device_bytes"}


def ratios(pair: Pair) -> dict[str, float]:
    """The log ratio of the second process to the first in every measure that the block has; none where it failed."""
    if pair.failed:
        return {}
    measures = [measure for measure in (*OF_AN_AUTOENCODER, IMPORT) if has(pair, measure)]
    peaks = [name for name, key in PEAKS.items() if all(getattr(subject, key) for subject in pair.subjects)]
    return {measure: ratio(pair, measure) for measure in (*measures, *peaks)}


def ratio(pair: Pair, measure: str) -> float:
    """Natural logarithm of the second process's seconds, or most bytes, over the first's."""
    if measure not in PEAKS:
        return log_ratio(pair, 0, 1, measure)
    base, head = (getattr(subject, PEAKS[measure]) for subject in pair.subjects)
    return math.log(head / base)


def log_ratio(block: Block, base: int, head: int, measure: str) -> float:
    """Natural logarithm of how many times as long as base head took: of each round, and their mean.

    base, head: places of the subjects. measure: the name of a workload; "first epoch", the first round of the
    training, which compiles; or "import". These two happen once, and count by the core's pace where both have it.

    Raises:
        ResultError: one of them failed, or it was not measured.
    """
    sides = [block.subjects[place] for place in (base, head)]
    one, other = (np.log(_seconds(side, measure)) for side in sides)
    paces = [pace for side in sides if isinstance(pace := _pace(side, measure), float)]
    by_pace = math.log(paces[1] / paces[0]) if len(paces) == len(sides) else 0.0
    return float(np.mean(other - one)) - by_pace


def has(block: Block, measure: str) -> bool:
    """Whether the block has the measure of every subject."""
    return all(it.failed is None and bool(_measured(it, measure)) for it in block.subjects)


def _seconds(subject: Timed, measure: str) -> list[float]:
    """What the measure took, once or in each of several rounds.

    Raises:
        ResultError: it is not there.
    """
    found = [] if subject.failed else _measured(subject, measure)
    if not found:
        raise ResultError(
            f"{subject.name} has no seconds of its {measure}: {subject.failed or 'it was not measured in this block'}"
        )
    return found


def _measured(subject: Timed, measure: str) -> list[float]:
    """The same of one that did not fail; none where it was not measured."""
    if measure == IMPORT:
        return [subject.import_seconds] if isinstance(subject.import_seconds, float) else []
    work = subject.works.get(TRAINING if measure == FIRST_EPOCH else measure)
    return [] if work is None else [*(work.warm_up[:1] if measure == FIRST_EPOCH else work.rounds)]


def _pace(subject: Timed, measure: str) -> object:
    """The core's pace while the measure was taken, of one that happens once; UNSET where there is none."""
    if measure == IMPORT:
        return subject.import_pace
    return subject.works[TRAINING].pace if measure == FIRST_EPOCH else UNSET
