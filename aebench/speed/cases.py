"""What `bench` times, and in whom: frameworks, peers, and the libraries whose products and copies are the ceiling.

One process does one kind of work: what a library multiplies does not count as the memory of a training, and a framework
that pins its library to one thread, as the arbiter does, does not pin the ceiling's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aebench import registry
from aebench.arrays import Dtype
from aebench.processes.events import Listener
from aebench.protocol import Use
from aebench.records import measurements
from aebench.records.blocks import Block
from aebench.speed import blocks
from aebench.speed.blocks import Subject
from aebench.speed.ceiling import has_ceiling
from aebench.speed.peers import AUTOENCODERS, Peer
from aebench.speed.shares import PARTS
from aebench.speed.workloads import Inference, Products, Timed, Traffic, Training

# A subject that has failed in so many blocks is left out of the others.
MOST_FAILURES = 2


@dataclass(frozen=True)
class Case:
    """What is timed in every subject. use: None is training, of which `batch` replaces the source's batch size."""

    autoencoder: str
    use: Use | None = None
    batch: int | None = None
    width: float = 1.0

    @property
    def work(self) -> str:
        """What the one workload of each subject is called."""
        return self.use or "training"

    @property
    def title(self) -> str:
        """What is timed, in one line."""
        batch = f", batch {self.batch:,}" if self.batch else ""
        width = f", width {self.width:g}" if self.width != 1 else ""
        return f"{self.autoencoder}, {self.work}{batch}{width}"


@dataclass(frozen=True)
class Options:
    """Who is timed, on what."""

    frameworks: tuple[str, ...]
    peers: tuple[str, ...] = ()
    dataset: str = "digits"
    data_dir: str | None = None
    schedule: str = "quick"
    device: str = "cpu"
    dtype: Dtype = "float32"


def subjects(case: Case, options: Options) -> list[Subject]:
    """The frameworks, the peers, and for the ceiling, where there is one, every installed framework's library."""
    common: dict[str, Any] = {k: v for k, v in asdict(options).items() if k not in ("frameworks", "peers")}
    common |= {"autoencoder": case.autoencoder, "width": case.width}
    inference: dict[str, Any] = {"use": case.use, "batch": case.batch or 150}

    def of_framework(name: str) -> Timed:
        if case.use:
            return Inference(framework=name, **common, **inference)
        return Training(framework=name, batch_size=case.batch, **common)

    def subject(name: str, kind: Any, workload: Timed) -> Subject:
        return Subject(name, {case.work: workload}, kind)

    names = registry.offering(case.autoencoder, options.frameworks)
    found = [subject(name, "framework", of_framework(name)) for name in names]
    # A peer trains the specification as it stands; beside anything else its speed would be compared with other work.
    if case == Case(case.autoencoder) and case.autoencoder in AUTOENCODERS:
        where = {key: value for key, value in common.items() if key != "width"}
        found += [subject(name, "peer", Peer(name, **where)) for name in options.peers]
    for name in libraries(options.device) if has_ceiling(registry.autoencoder(case.autoencoder)) else ():
        if case.use:
            found.append(subject(name, "products", Products(framework=name, **common, **inference)))
        else:
            found.append(subject(name, "products", Products(framework=name, batch_size=case.batch, **common)))
            found.append(subject(name, "traffic", Traffic(framework=name, batch_size=case.batch, **common)))
    return found


def libraries(device: str) -> list[str]:
    """The installed frameworks whose libraries may give the ceiling; NumPy's is on the CPU only."""
    return [name for name in registry.installed(registry.frameworks()) if device == "cpu" or name != registry.ARBITER]


def measure(
    case: Case, options: Options, n_blocks: int, logs: Path, listener: Listener,
    timed: Callable[[Sequence[Subject], int, Path], Block] = blocks.timed,
) -> measurements.Case:  # fmt: skip
    """Time every subject of the case in so many blocks; of the ceiling's libraries only the fastest after the first."""
    listener.begin(case.title, n_blocks)
    taking_part, done = subjects(case, options), list[Block]()
    while taking_part and len(done) < n_blocks:
        done.append(timed(taking_part, len(done) % len(taking_part), logs))
        slow = _slow_libraries(done[0], case.work)
        fast = [it for it in taking_part if (it.name, it.kind) not in slow]
        taking_part = [it for it in fast if _failures(done, it) < MOST_FAILURES]
        listener.advance(len(done), n_blocks)
    failed = {it.name for block in done for it in block.subjects if it.failed}
    listener.finished(case.title, f"{len(done)} blocks" + (f"; failed: {', '.join(sorted(failed))}" if failed else ""))
    return measurements.Case(**asdict(case), blocks=done)


def _failures(done: Sequence[Block], subject: Subject) -> int:
    """In how many blocks the subject failed."""
    mine = [it for block in done for it in block.subjects if (it.name, it.kind) == (subject.name, subject.kind)]
    return sum(it.failed is not None for it in mine)


def _slow_libraries(block: Block, work: str) -> set[tuple[str, str]]:
    """Those that are not the fastest at their part of the ceiling, and with that no part of it."""
    slow = set[tuple[str, str]]()
    for kind in PARTS:
        of_kind = [it for it in block.subjects if it.kind == kind and not it.failed]
        ranked = sorted(of_kind, key=lambda it: float(np.mean(np.log(it.works[work].rounds))))
        slow |= {(it.name, it.kind) for it in ranked[1:]}
    return slow
