"""An environment against the accepted baseline: what the baseline holds is trained there, from as few seeds as decide.

It climbs the ladder first, as a run does, and its trainings are kept as a run's. Base is the baseline, whose trainings
are there already; so an environment is compared with what was accepted, and not with another one.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.comparison.deadline import Deadline
from aebench.comparison.findings import Weight
from aebench.comparison.gate import Accepted, Gated, accepted, asked_of, judged_against, named
from aebench.comparison.quality import compare
from aebench.comparison.unmatched import Key, Missing, Scope, otherwise
from aebench.errors import UsageError
from aebench.processes.environments import Environment
from aebench.processes.events import Listener
from aebench.processes.probing import frameworks, lacking
from aebench.processes.worker import FrameworkProcess
from aebench.records.baselines import RESULTS
from aebench.records.fields import plain
from aebench.records.qualities import Quality
from aebench.running.options import Options
from aebench.running.resume import planned
from aebench.running.run import Run

SAMPLES = re.compile(r"importance_weighted_bound_(\d+)")


@dataclass(frozen=True)
class Plan:
    """What is trained where. subjects: by framework of the baseline, those that the environment holds. missing: rows of
    the baseline that cannot be trained there, and why."""

    environment: Environment
    found: Accepted
    scope: Scope
    options: Options
    subjects: Mapping[str, str]
    missing: Missing

    @property
    def todo(self) -> list[Key]:
        """The baseline's rows that are trained, autoencoder by autoencoder."""
        keys = [key for key in self.found.trials if key not in self.missing]
        return [key for name in dict.fromkeys(name for name, _ in keys) for key in keys if key[0] == name]

    def seeds(self, key: Key) -> list[int]:
        """The seeds that the row was accepted from."""
        return [trial["seed"] for trial in self.found.trials[key]]

    @property
    def command(self) -> str:
        """What asks for it on a command line."""
        options = self.options
        words = ["aebench", "gate", self.environment.said, *self.scope.autoencoders]
        words += ["-f", ",".join(self.scope.frameworks)] if self.scope.frameworks else []
        words += ["-d", options.dataset, "-p", options.schedule]
        words += ["--data-dir", options.data_dir] if options.data_dir else []
        words += ["--device", options.device] if options.device != "cpu" else []
        results = self.found.path.parents[1]
        words += ["--to", str(results)] if results != RESULTS else []
        return shlex.join([*words, *(["--dtype", options.dtype] if options.dtype != "float32" else [])])


def plan(environment: Environment, asked: Mapping[str, Any], scope: Scope, folder: Path = RESULTS) -> Plan:
    """What of the baseline is trained in the environment.

    asked: dataset, data_dir, schedule, device and dtype, as `Options` has them; they choose the baseline. folder: of
    results.

    Raises:
        UsageError: there is no such baseline; it holds nothing of what is named; the environment cannot be used, or
            holds none of the frameworks.
        ResultError: the baseline or the limits are missing or damaged.
    """
    found = accepted(asked, folder, scope)
    if not found.trials:
        raise UsageError(f"{found.path} holds nothing of what is named; what it holds: aebench quality {found.path}")
    there = frameworks(environment)
    subjects = {name: _subject(name, environment) for _, name in found.trials if there.get(name)}
    if not subjects:
        names = ", ".join(dict.fromkeys(name for _, name in found.trials))
        raise UsageError(
            f"environment {environment.name} holds no framework of the baseline ({names}); install one there, or name "
            "another environment"
        )
    words = f"it is not installed in {environment.name}; install it there, or name the others with --frameworks"
    missing: Missing = {key: ("undone", words) for key in found.trials if key[1] not in subjects}
    gone = lacking(environment, dict.fromkeys(name for name, _ in found.trials), subjects)
    words = f"no package in {environment.name} offers it; install its package there, or name the others"
    missing = {**missing, **{key: ("undone", words) for key in found.trials if key[0] in gone}}
    if len(missing) == len(found.trials):
        raise UsageError(f"environment {environment.name} has none of what is named: {', '.join(gone)}: {words}")
    seeds = dict.fromkeys(trial["seed"] for trials in found.trials.values() for trial in trials)
    options = Options(
        autoencoders=tuple(dict.fromkeys(name for name, framework in found.trials if (name, framework) not in missing)),
        frameworks=tuple(subjects.values()), seeds=tuple(seeds), importance_samples=tuple(sorted(_samples(found))),
        **asked,
    )  # fmt: skip
    return Plan(environment, found, scope, options, subjects, missing)


def _subject(framework: str, environment: Environment) -> str:
    return framework if environment.name == registry.HERE else f"{framework}@{environment.name}"


def _samples(found: Accepted) -> set[int]:
    """Numbers of importance samples that the baseline's bounds were measured with."""
    names = {name for trials in found.trials.values() for trial in trials for name in trial["metrics"]}
    return {int(match[1]) for name in names if (match := SAMPLES.search(name))}


def gate(plan: Plan, folder: Path, listener: Listener, limit: float | None = None) -> Gated:
    """Train what the plan says, and hold it against the baseline; a second call in the same folder goes on.

    folder: keeps the climbs and trainings as a run's does. limit: seconds, after which nothing more begins.

    Raises:
        UsageError: the folder holds something else, or was begun under other conditions.
    """
    options = plan.options
    if (folder / "plan.json").exists():
        options = planned(folder, asdict(options))
    run, missing, deadline = Run(options, folder, listener), dict(plan.missing), Deadline(limit)
    with run.opened(resume=True) as processes:
        quality = tuple(_trained(plan, run, processes, missing, deadline))
    bare = {subject: framework for framework, subject in plan.subjects.items()}
    trials = [{**t, "framework": bare[t["framework"]]} for t in run.document()["trials"] if t["framework"] in bare]
    document = {
        **run.document(), "complete": True,
        "trials": [t for t in trials if (t["autoencoder"], t["framework"]) in plan.found.trials],
    }  # fmt: skip
    return judged_against(document, plan.environment.said, plan.found, plan.scope, plan.command, quality, missing)


def _trained(
    plan: Plan, run: Run, processes: dict[str, FrameworkProcess], missing: dict[Key, tuple[Weight, str]],
    deadline: Deadline,
) -> Iterator[Quality]:  # fmt: skip
    """Climb and train row by row; what is not trained is put among the missing, with the reason."""
    now = {"conditions": plain(run.conditions)} if run.conditions else {}
    climbed = set()
    for key in plan.todo:
        name, framework = key
        if deadline.over():
            missing[key] = "undecided", "the time was over before it was trained"
            continue
        if words := next(filter(None, (otherwise(trial, now) for trial in plan.found.trials[key])), None):
            missing[key] = "undone", words
            continue
        if name not in climbed:
            run.agree(name, processes)
            climbed.add(name)
        base, subject = named(framework), plan.subjects[framework]
        before = {trial["seed"]: trial for trial in plan.found.trials[key]}

        def train(who: str, seed: int, name: str = name, subject: str = subject, before: Any = before) -> Any:
            return run.measure(name, seed, subject, processes[subject]) if who == subject else before[seed]

        asked = asked_of(plan.found, key, plan.seeds(key), len(plan.todo))
        yield compare(registry.autoencoder(name), base, subject, train, asked, deadline.over)
