"""Which arrays stand on which rung, and the climb that records them.

init -> inputs -> forward -> evaluation -> losses -> gradients -> rows -> extremes -> step -> trajectory, and beside
these program and resumed, phase after phase. In free mode every framework goes on from its own arrays. In
teacher-forced mode each phase begins with the reference's parameters, and each step with the reference's parameters
and optimiser state, so that what differs after a step was made in it.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from aebench.agreement import program
from aebench.agreement.extremes import at_extremes
from aebench.agreement.program import Feed, climb_program, climb_resumed
from aebench.agreement.rows import at_sizes, of_rows
from aebench.arrays import Array, Arrays, Dtype
from aebench.data import Dataset
from aebench.parameters import initial_parameters
from aebench.protocol import Batch, Framework, Model, Trainer
from aebench.records import checkpoint
from aebench.records.trace import Trace
from aebench.spec import Autoencoder, Phase
from aebench.streams import stream
from aebench.training import schedule

RUNGS = (
    "init", "inputs", "forward", "evaluation", "losses", "gradients", "rows", "extremes", "step", "trajectory",
    "program", "resumed",
)  # fmt: skip
EVALUATED_IMAGES = 100
# Rows that are computed at other sizes and at extremes; a larger batch (`sparse`: 1,000) shows nothing more there.
PROBED_ROWS = 150
CHUNK = 10


@dataclass(frozen=True)
class Climb:
    """One climb: what is trained, from which seed, in which dtype, and how far.

    steps: training steps per phase; every one up to 10 is recorded, beyond that those of `marks`.
    moments: record the optimiser's state at every recorded step (needed of a teacher), not only at the first.
    plain: leave out what stands beside the way from the start to the last step (rows, extremes, program, resumed).
    """

    autoencoder: Autoencoder
    seed: int = 0
    dtype: Dtype = "float64"
    device: str = "cpu"
    steps: int = 10
    moments: bool = False
    plain: bool = False

    def marks(self) -> list[int]:
        """The recorded steps: 1 to 10, then about ten to the decade, whole tens."""
        last = max(self.steps, CHUNK)
        spaced = np.round(np.geomspace(CHUNK, last, 1 + math.ceil(10 * math.log10(last / CHUNK))), -1)
        return sorted({*range(1, min(self.steps, CHUNK) + 1), *(int(s) for s in spaced if s <= self.steps), self.steps})


def record(
    framework: Framework, climb: Climb, dataset: Dataset, teacher: Trace | None = None, initial: Arrays | None = None
) -> Trace:
    """Climb the ladder in one framework; with a teacher, from the teacher's parameters and state at every step.

    initial: other initial parameters than those of the climb's seed.
    """
    autoencoder, initial = climb.autoencoder, initial or initial_parameters(climb.autoencoder, climb.seed)
    model = framework.build(autoencoder, initial, dtype=climb.dtype, device=climb.device)
    trace = Trace(framework.name, autoencoder.name, climb.dtype)
    for phase in autoencoder.phases:
        begin(model, phase, initial, climb.seed)
        if teacher is not None:
            model.assign(teacher.at(phase.name, "init", 0))
        _climb_phase(model, phase, climb, dataset, trace, teacher)
    return trace


def begin(model: Model, phase: Phase, initial: Arrays, seed: int) -> None:
    """Put the model where the phase starts from; a stand-in plays the pretrained autoencoder.

    The stand-in's layers are drawn from another seed and travel as a checkpoint, as a real one's would.
    """
    if phase.starts_from == "previous":
        return
    model.assign(initial)
    if phase.copies:
        drawn = initial_parameters(model.autoencoder, seed + 1)
        stand_in = {name: value for name, value in drawn.items() if name.split(".")[0] in phase.copies}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "stand_in.safetensors"
            checkpoint.save(path, phase.starts_from, stand_in)
            checkpoint.load_model(model, path, layers=phase.copies)


def _climb_phase(
    model: Model, phase: Phase, climb: Climb, dataset: Dataset, trace: Trace, teacher: Trace | None
) -> None:
    """All rungs of one phase."""
    autoencoder, name = climb.autoencoder, phase.name
    split = schedule.training_split(phase, dataset)
    labels = split.labels if autoencoder.kind == "classifier" else None
    trace.add(name, "init", 0, model.parameters())
    begin = partial(model.trainer, name, split.inputs, labels)
    order = schedule.first_orders(phase, climb.seed, len(split), max(climb.steps, program.STEPS))
    noise = schedule.noise(autoencoder, phase, climb.seed, range(program.STEPS), order.shape[1])
    feed, trainer = Feed(order, noise, split.inputs, labels), begin()
    batch = Batch(
        trainer.inputs()[order[0]], None if noise is None else noise[0], None if labels is None else labels[order[0]]
    )
    trace.add(name, "inputs", 0, {phase.inputs: batch.inputs})
    trace.add(name, "forward", 0, model.forward(name, batch))
    trace.add(name, "evaluation", 0, _evaluated(model, dataset.test.inputs[:EVALUATED_IMAGES], climb.seed))
    trace.add(name, "losses", 0, _losses(model, name, batch))
    trace.add(name, "gradients", 0, model.gradients(name, batch))
    if not climb.plain:
        few = of_rows(batch, slice(PROBED_ROWS))
        trace.add(name, "rows", 0, at_sizes(model, phase, few))
        trace.add(name, "extremes", 0, at_extremes(model, phase, few))
        left = climb_program(model, phase, begin(), feed, trace)
    _climb_steps(model, trainer, phase, climb, order, trace, teacher)
    # Before training the biases are zero, which hides whatever is done to them outside of the training step.
    evaluated = _evaluated(model, dataset.test.inputs[:EVALUATED_IMAGES], climb.seed)
    trace.add(name, "trajectory", climb.steps, {f"evaluation.{array}": value for array, value in evaluated.items()})
    if not climb.plain:
        climb_resumed(model, phase, begin(), trainer, left, feed, seed=climb.seed, trace=trace)


def _evaluated(model: Model, images: Array, seed: int) -> Arrays:
    """What a user asks of a model outside training: codings, reconstructions, samples."""
    autoencoder = model.autoencoder
    codings = model.encode(images)
    arrays = {"codings": codings, "decoded": model.decode(codings), "reconstructions": model.reconstruct(images)}
    if autoencoder.kind == "variational":
        noise = stream(seed, "evaluation/noise").normal((len(images), autoencoder.n_codings))
        arrays["drawn_codings"] = model.encode(images, noise)
        arrays["drawn_reconstructions"] = model.reconstruct(images, noise)
        arrays["samples"] = model.sample(noise)
    if autoencoder.corruption is not None:
        noises = schedule.noise(autoencoder, replace(autoencoder.phases[0], name="evaluation"), seed, [0], len(images))
        assert noises is not None
        arrays["reconstructions_from_noisy"] = model.reconstruct(images, noises[0])
    return arrays


def _losses(model: Model, phase: str, batch: Batch) -> Arrays:
    """The loss terms; of a denoising autoencoder also `clean.TERM`, those without corruption, as an epoch reports."""
    found = model.losses(phase, batch)
    if model.autoencoder.corruption is not None:
        found |= {f"clean.{term}": value for term, value in model.losses(phase, replace(batch, noise=None)).items()}
    return found


def _climb_steps(
    model: Model, trainer: Trainer, phase: Phase, climb: Climb, order: Array, trace: Trace, teacher: Trace | None
) -> None:
    """Train from mark to mark and record each; step 1 is the rung `step`, the others `trajectory`."""
    done = 0
    for mark in climb.marks():
        if teacher is not None and done:
            _follow(model, trainer, phase, teacher, done)
        history: Arrays = {}
        while done < mark:
            count = min(CHUNK if done >= CHUNK else 1, mark - done)
            noise = schedule.noise(climb.autoencoder, phase, climb.seed, range(done, done + count), order.shape[1])
            history = trainer.run(order[done : done + count], noise)
            done += count
        rung = "step" if mark == 1 else "trajectory"
        trace.add(phase.name, rung, mark, {f"loss.{term}": values[-1] for term, values in history.items()})
        if climb.moments or mark == 1:
            trace.add(phase.name, rung, mark, {f"optimizer.{name}": a for name, a in trainer.state().items()})
        trace.add(phase.name, rung, mark, model.parameters())


def _follow(model: Model, trainer: Trainer, phase: Phase, teacher: Trace, step: int) -> None:
    """Take up the teacher's parameters and optimiser state after that step."""
    arrays = teacher.at(phase.name, "step" if step == 1 else "trajectory", step)
    optimizer = {n.removeprefix("optimizer."): a for n, a in arrays.items() if n.startswith("optimizer.")}
    model.assign({name: arrays[name] for name in model.autoencoder.shapes})
    trainer.restore(optimizer)
