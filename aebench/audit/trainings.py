"""Faults that trainings may hide, and trainings from other seeds: do head's end worse than base's?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.audit.planted import FAULTS, planting
from aebench.comparison.quality import Asked, compare
from aebench.errors import AebenchError, FrameworkError
from aebench.processes.events import Listener
from aebench.processes.worker import FrameworkProcess
from aebench.records.audits import Outcome
from aebench.running.options import Options, dataset_name
from aebench.training.trial import Trial, failure, run

# Head's seeds where nothing is planted: from these on, so that other parameters, orders and noise are drawn.
ELSEWHERE = 1000


@dataclass(frozen=True)
class Plant:
    """What is wrong with head's trainings. key: a fault of the ladder's, "" for none. worse: factor on its test error.

    offset: of head's seeds.
    """

    kind: str
    fault: str
    key: str = ""
    worse: float = 1.0
    offset: int = 0

    @property
    def faulty(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.key) or self.worse != 1.0


def _of_fault(kind: str, name: str, framework: str) -> Plant:
    key = f"{framework}-stacked-{name}" + ("_in_tensorflow" if framework == "tensorflow" else "")
    return Plant(kind, name, key)


def plants(framework: str) -> list[Plant]:
    """What can be planted in a framework's trainings of `stacked`."""
    known = [
        ("learning rate a tenth higher", "learning_rate_a_tenth_higher"), ("wrong initialiser", "glorot_for_he"),
        ("a shuffle that is none", "shuffle_that_is_none"),
    ]  # fmt: skip
    found = [plant for words, name in known if (plant := _of_fault(words, name, framework)).key in FAULTS]
    return [
        Plant("nothing, other seeds", "other_seeds", offset=ELSEWHERE),
        *found,
        Plant("MSE 1 % worse", "mse-1", worse=1.01),
        Plant("MSE 20 % worse", "mse-20", worse=1.20),
    ]


@dataclass
class Trainings:
    """Trains, base's trainings once for all plants."""

    options: Options
    folder: Path
    listener: Listener
    known: dict[tuple[str, str, int, str], Mapping[str, Any]] = field(default_factory=dict)

    def outcomes(self, plant: Plant, framework: str, autoencoder: str, process: FrameworkProcess) -> Iterator[Outcome]:
        """The gravest verdict where a fault is planted; the verdict on every metric with a margin where none is.

        Raises:
            FrameworkError: the fault changes nothing: it is planted where no training passes.
        """

        def train(side: str, seed: int) -> Mapping[str, Any]:
            if side == "base":
                return self._trained(framework, autoencoder, seed, "", process)
            return worsened(self._trained(framework, autoencoder, seed + plant.offset, plant.key, process), plant.worse)

        asked = Asked(seeds=self.options.seeds)
        found = compare(registry.autoencoder(autoencoder), "base", "head", train, asked)
        where = f"{autoencoder}, {framework}"
        if plant.faulty and found.verdict == "identical":
            raise FrameworkError(f"{where}: {plant.fault} changes no training; it is planted where none passes")
        if plant.faulty:
            yield Outcome(row=where, planted=True, verdict=found.verdict, blocks=len(found.seeds))
            return
        for row in found.rows:
            if row.verdict != "no margin":
                yield Outcome(row=f"{where}, {row.metric}", planted=False, verdict=row.verdict, blocks=row.pairs)

    def _trained(
        self, framework: str, autoencoder: str, seed: int, key: str, process: FrameworkProcess
    ) -> Mapping[str, Any]:
        """The trial's document, from the first time that it was asked for."""
        place = framework, autoencoder, seed, key
        if place not in self.known:
            trial = self._trial(*place)
            self.listener.note(f"{autoencoder}, {framework}, seed {seed}" + (f", {key}" if key else ""))
            try:
                self.known[place] = process.call(run_planted, key, trial, on_message=lambda _: None)
            except AebenchError as error:
                self.known[place] = failure(trial, error)
        return self.known[place]

    def _trial(self, framework: str, autoencoder: str, seed: int, key: str) -> Trial:
        options, it = self.options, registry.autoencoder(autoencoder)
        folder = self.folder / (key or "sound") / autoencoder / f"seed{seed}" / framework
        return Trial(
            it, framework, seed, options.dtype, options.device_of(framework), dataset_name(options, it),
            options.data_dir, options.schedule, folder, None,
        )  # fmt: skip


def worsened(document: Mapping[str, Any], factor: float) -> Mapping[str, Any]:
    """The trial with its test errors times the factor."""
    if factor == 1.0 or "failure" in document:
        return document
    metrics = {
        name: {**metric, "value": factor * metric["value"]} if name.endswith("test_mse") else metric
        for name, metric in document["metrics"].items()
    }
    return {**document, "metrics": metrics}


def run_planted(key: str, trial: Trial) -> Mapping[str, Any]:
    """In a framework's process: train with that fault planted."""
    with planting(key):
        return run(trial)
