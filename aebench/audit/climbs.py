"""The ladder's faults, planted one after the other in a framework's process: does the comparison of numbers see each?

Models are narrow and climbs short: what the ladder has to see does not depend on the width, and compiling is what takes
the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aebench import registry
from aebench.agreement import session
from aebench.agreement.ladder import Climb
from aebench.agreement.session import Source
from aebench.arrays import Dtype
from aebench.audit.planted import FAULTS, STEPS, Fault, planting
from aebench.comparison.numbers import judged
from aebench.errors import AebenchError
from aebench.processes.lanes import Lanes, errors_of
from aebench.processes.worker import FrameworkProcess
from aebench.records.audits import Outcome
from aebench.records.comparisons import Sides
from aebench.records.trace import Trace
from aebench.registry import ARBITER
from aebench.running.options import DTYPES
from aebench.spec import Autoencoder

WIDTH, BATCH_SIZE = 0.2, 50
SOUND = "nothing"


@dataclass(frozen=True)
class Group:
    """What several faults have in common: they part from one sound climb. plain, forced: as of `Climb` and `Fault`."""

    framework: str
    autoencoder: str
    steps: int
    forced: bool
    plain: bool

    def climb(self, dtype: Dtype) -> Climb:
        """The climb in a dtype."""
        return narrow_climb(self.autoencoder, dtype, steps=self.steps, plain=self.plain)


def narrow(name: str) -> Autoencoder:
    """The autoencoder with a fifth of its hidden units and batches of 50; one with data of its own as it is."""
    autoencoder = registry.autoencoder(name)
    width = 1.0 if autoencoder.dataset else WIDTH
    return autoencoder.resized(width=width).with_schedule({}, batch_size=BATCH_SIZE)


def narrow_climb(name: str, dtype: Dtype, *, seed: int = 0, steps: int = STEPS, plain: bool = True) -> Climb:
    """A climb of the narrow autoencoder, without what stands beside the way unless that is asked for."""
    return Climb(narrow(name), seed=seed, dtype=dtype, steps=steps, plain=plain)


def group_of(fault: Fault) -> Group:
    """The faults that it is climbed with."""
    return Group(fault.framework, fault.autoencoder, fault.steps, fault.forced, fault.plain)


def faults(frameworks: Sequence[str], autoencoders: Sequence[str]) -> dict[Group, list[Fault]]:
    """The faults of these frameworks and, where any are named, autoencoders, by what they part from."""
    found: dict[Group, list[Fault]] = {}
    for fault in FAULTS.values():
        if fault.framework in frameworks and (not autoencoders or fault.autoencoder in autoencoders):
            found.setdefault(group_of(fault), []).append(fault)
    return found


class Sounds:
    """The reference's and the sound framework's climbs of one group, taken once; removed when the group is done."""

    def __init__(self, group: Group, processes: Mapping[str, FrameworkProcess], folder: Path) -> None:
        self.group, self.processes, self.folder = group, processes, folder
        self.ascents = {
            dtype: session.ascent((ARBITER, group.framework), group.climb(dtype), folder, forced=group.forced)
            for dtype in DTYPES
        }
        self._there: set[Dtype] = set()

    @contextmanager
    def ready(self) -> Iterator[Sounds]:
        """Within it they may be compared with."""
        try:
            yield self
        finally:
            for ascent in self.ascents.values():
                ascent.remove()

    def outcomes(self, fault: Fault | None) -> Iterator[Outcome]:
        """What is said of head with the fault planted, in each dtype that can show it; None: sound once more.

        Raises:
            AebenchError: the reference or the sound framework could not climb.
        """
        for dtype in DTYPES:
            if fault is None or not getattr(fault, dtype):
                word = self._verdict(fault, dtype)
                row = f"{self.group.autoencoder}, {self.group.framework}, {dtype}"
                yield Outcome(row=row, planted=fault is not None, verdict=word)

    def _verdict(self, fault: Fault | None, dtype: Dtype) -> str:
        group, ascent = self.group, self.ascents[dtype]
        traces, climb = self._sound(dtype), ascent.climb
        head = f"{group.framework}@{fault.name if fault else SOUND}"
        path, failures = self.folder / f"head-{dtype}.safetensors", {}
        key = fault.key if fault else ""
        try:
            call = (key, group.framework, climb, source(climb), path, ascent.teacher)
            self.processes[group.framework].call(climb_planted, *call)
            trace = Trace.read(path)
            trace.framework = head
            traces = {**traces, head: trace}
        except AebenchError as error:
            failures = {head: str(error)}
        finally:
            path.unlink(missing_ok=True)
        sides = Sides(framework=group.framework, base=group.framework, head=head)
        return judged(sides, climb, session.pairs(traces, climb, forced=group.forced), failures).verdict

    def _sound(self, dtype: Dtype) -> dict[str, Trace]:
        ascent = self.ascents[dtype]
        if dtype not in self._there:
            self._climb(dtype)
            self._there.add(dtype)
        return {name: Trace.read(path) for name, path in ascent.paths.items()}

    def _climb(self, dtype: Dtype) -> None:
        """Have the reference and the sound framework climb."""
        ascent = self.ascents[dtype]
        with Lanes({name: self.processes[name] for name in ascent.paths}) as lanes:
            ascent.begin(lanes, source(ascent.climb))
            for error in errors_of(ascent.calls).values():
                raise error


def source(climb: Climb) -> Source:
    """What a climb reads: its own set, or the digits."""
    return Source(climb.autoencoder.dataset or "digits", None, "quick")


def climb_planted(key: str, name: str, climb: Climb, source: Source, path: Path, teacher: Path | None) -> None:
    """In a framework's process: climb with that fault planted, and write the trace."""
    with planting(key):
        session.climb_in(name, climb, source, path, teacher)
