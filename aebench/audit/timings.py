"""Slow-downs and memory, planted in one of two equal sides, and nothing: each a whole verdict by fresh blocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aebench.comparison.findings import part_of
from aebench.comparison.sequential import Thresholds
from aebench.comparison.speed import Blocks, Due, Question, Row, Where, measured, verdicts
from aebench.errors import FrameworkError
from aebench.processes.events import Listener
from aebench.records.audits import Outcome
from aebench.records.blocks import Pair
from aebench.records.comparisons import What
from aebench.records.fields import Float
from aebench.speed.planted import Slowed
from aebench.speed.ratios import IMPORT
from aebench.speed.workloads import Timed, Training

# Both sides are one subject: so many verdicts of restarted processes need so many calls for each of another kind.
NOTHINGS = 6


@dataclass(frozen=True)
class Plant:
    """What head is slower by, as a part of its own time, or holds besides, as a part of base's peak memory."""

    part: What
    kind: str
    fault: str
    slower: float = 0.0
    held: float = 0.0
    thresholds: Thresholds = field(default_factory=Thresholds)
    times: int = 1

    def touches(self, row: Row) -> bool:
        """Whether it changes what is measured there. The import is over before a workload runs."""
        if self.held:
            return row.measure == "memory"
        return bool(self.slower) and part_of(row) == "speed" and row.measure != IMPORT

    def planted(self, base: int) -> Callable[[Timed], Timed] | None:
        """What replaces a workload of head. base: base's peak memory in bytes."""
        if not self.slower and not self.held:
            return None
        held = round(self.held * base)

        def plant(workload: Timed) -> Timed:
            # What one workload of a process holds is held for good.
            return Slowed(workload, self.slower, held if isinstance(workload, Training) else 0)

        return plant


PLANTS = (
    Plant("speed", "nothing", "nothing", times=NOTHINGS),
    Plant("speed", "20 % slower", "slower-20", slower=0.20),
    Plant("speed", "10 % slower", "slower-10", slower=0.10),
    Plant("speed", "5 % slower", "slower-5", slower=0.05),
    Plant("speed", "3 % slower", "slower-3", slower=0.03),
    Plant("speed", "5 % slower, thresholds 1 and 5 %", "slower-5-fine", slower=0.05, thresholds=Thresholds(0.01, 0.05)),
    Plant("memory", "10 % more", "memory-10", held=0.10),
)


class _Clock:
    """Notes after how many seconds each row is decided. decided: these, by row."""

    def __init__(self, question: Question) -> None:
        self.question, self.pairs, self.decided = question, list[Pair](), dict[Row, Float]()
        self._began = time.monotonic()

    def look(self, pair: Pair) -> None:
        """What the blocks say with this one. What another block can open again was not decided."""
        self.pairs.append(pair)
        for row, found in verdicts(self.question, self.pairs).items():
            if found.open:
                self.decided.pop(row, None)
            else:
                self.decided.setdefault(row, Float(time.monotonic() - self._began))


@dataclass
class Timings:
    """Times subjects against themselves. peaks: of base's memory in bytes, by framework and autoencoder."""

    where: Where
    logs: Path
    listener: Listener
    peaks: dict[tuple[str, str], int] = field(default_factory=dict)

    def outcomes(self, plant: Plant, framework: str, autoencoder: str) -> Iterator[Outcome]:
        """The verdict on every row, with that planted.

        Raises:
            FrameworkError: base itself cannot be timed.
        """
        # What is held besides changes no time, and peaks are known after two blocks.
        question = Question(framework, framework, (autoencoder,), plant.thresholds, speed=not plant.held)
        base = self._peak(question, autoencoder) if plant.held else 0
        source = Blocks(question, self.where, self.logs, planted=plant.planted(base))
        clock = _Clock(question)
        pairs = measured(question, source, (), clock.look, self.listener)
        asked = {row: it for row, it in verdicts(question, pairs).items() if question.speed or part_of(row) == "memory"}
        for row, found in asked.items():
            yield Outcome(
                row=", ".join(filter(None, (row.autoencoder, framework, row.measure))),
                planted=plant.touches(row),
                verdict=found.word,
                ratio=Float(found.ratio),
                blocks=found.blocks,
                seconds=clock.decided.get(row),
            )

    def _peak(self, question: Question, autoencoder: str) -> int:
        """Base's peak memory, from one block of base and base."""
        key = question.base, autoencoder
        if key not in self.peaks:
            block = Blocks(question, self.where, self.logs)(Due(autoencoder, control=True, first=0))
            if block.failed:
                raise FrameworkError(block.failed)
            self.peaks[key] = int(block.subjects[0].peak_bytes)  # type: ignore[arg-type]  # nothing failed
        return self.peaks[key]
