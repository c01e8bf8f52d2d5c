"""Blocks whose numbers are known: nothing is run."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from msgspec import UNSET, structs

from aebench.comparison.speed import Due
from aebench.records.blocks import Block, Pair, Timed, Work
from aebench.records.calibrations import Control
from aebench.records.circumstances import Circumstances
from aebench.records.conditions import Busy
from aebench.records.fields import Float
from aebench.records.measurements import Case

MEASURES = ("training", "inference", "first epoch", "import")


def timed(
    name: str, factors: Mapping[str, float], bytes_held: int = 2**28, wanted: Collection[str] = MEASURES
) -> Timed:
    """A subject whose measures take so many seconds; one where nothing is said."""
    first = Float(factors.get("first epoch", 1.0))
    works = {
        work: Work(
            images=100, warm_up=[first, Float(1.0)], rounds=[Float(factors.get(work, 1.0))] * 4 * (work in wanted)
        )
        for work in ("training", "inference")
        if work in wanted or (work == "training" and "first epoch" in wanted)
    }
    seconds = Float(factors.get("import", 1.0)) if "import" in wanted else UNSET
    peaks = (bytes_held, None) if {"training", "inference"} <= set(wanted) else (UNSET, UNSET)
    return Timed(name=name, works=works, import_seconds=seconds, peak_bytes=peaks[0], peak_device_bytes=peaks[1])


def pair(
    due: Due, log_ratios: Mapping[str, float], *, bytes_held: int = 2**28, others: float = 0.0, failure: str = ""
) -> Pair:
    """The block of which each measure has that log ratio; where head fails, it says why."""
    factors = {measure: math.exp(value) for measure, value in log_ratios.items()}
    wanted = due.measures or MEASURES
    head = Timed(name="head", failure=failure) if failure else timed("head", factors, bytes_held, wanted)
    return Pair(
        first=due.first, subjects=[timed("base", {}, wanted=wanted), head], seconds=Float(10.0),
        busy=Busy(load=Float(1.0), steal=Float(0.0), others=Float(others)), autoencoder=due.autoencoder,
        control=due.control,
    )  # fmt: skip


def control(
    subject: str, due: Due, log_ratios: Mapping[str, float], *, memory: float = 0.0, others: float = 0.0,
    steal: float = 0.0, clock: float = 0.007, failure: str = "", **seen: float,
) -> Control:  # fmt: skip
    """A block of the subject against itself, the second process of which took so much longer, or held so much more.

    seen: what else was to be seen beside it.
    """
    found = structs.asdict(pair(due, log_ratios, bytes_held=round(2**28 * math.exp(memory)), failure=failure))
    sides = [structs.replace(side, name=subject) for side in found.pop("subjects")]
    beside = {"held_back": None, "waiting": 0.0, "available": 0.5, **seen}
    circumstances = Circumstances(clock=[Float(0.007), Float(clock)], **beside)  # type: ignore[arg-type]
    busy = Busy(load=Float(1.0), steal=Float(steal), others=Float(others))
    return Control(**{**found, "busy": busy}, subjects=sides, circumstances=circumstances)


def case_of(
    seconds: Mapping[str, float], autoencoder: str = "stacked", *, batch: int | None = None, ceiling: float = 1.0,
    compiling: float = 3.0, blocks: int = 3,
) -> Case:  # fmt: skip
    """A case of `bench`: each framework's seconds per 1,000 images, and those of the reference's products."""

    def work(spent: float) -> dict[str, Work]:
        return {"training": Work(images=1000, warm_up=[Float(spent + compiling)] * 2, rounds=[Float(spent)] * 4)}

    subjects = [
        Timed(name=name, works=work(spent), import_seconds=Float(1.0), peak_bytes=2**30, peak_device_bytes=None)
        for name, spent in seconds.items()
    ]
    subjects.append(Timed(name="reference", kind="products", works=work(ceiling)))
    found = Block(first=0, subjects=subjects, seconds=Float(1.0), busy=Busy())
    return Case(autoencoder=autoencoder, use=None, batch=batch, width=Float(1.0), blocks=[found] * blocks)
