"""A run: plan, let each framework's process train, agree and measure, collect, resume.

Frameworks take turns, so that each has the whole machine while it is timed, unless an executor trains several at once.
A finished trial is a file; a run that is interrupted, or killed, is taken up where it was and does nothing twice. A
trial that fails is a row with its reason.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Any

from msgspec import structs

from aebench import registry
from aebench.agreement import session
from aebench.agreement.ladder import Climb
from aebench.agreement.session import Source
from aebench.errors import ResultError, UsageError
from aebench.processes.executors import Chosen, Handed
from aebench.processes.lanes import Lanes
from aebench.processes.worker import FrameworkProcess
from aebench.records import documents
from aebench.records.conditions import Conditions
from aebench.records.fields import checked, plain
from aebench.records.reuse import require_same_document
from aebench.records.store import is_empty, locked
from aebench.running.options import DTYPES, check, dataset_name, ordered, processes_of, rehearse
from aebench.running.points import distribute
from aebench.running.resume import conditions, known_agreement, known_trial
from aebench.running.trainings import Trainings


@dataclass
class Run(Trainings):
    """One run in one folder: trainings and agreements. conditions: None until the plan is written."""

    agreements: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    _trained: dict[str, str] = field(default_factory=dict)  # by framework, what its process has trained

    def execute(self, *, resume: bool, executor: Chosen | None = None) -> dict[str, Any]:
        """Do everything that is not done yet; the collected document, also left as `result.json`.

        executor: trains in its workers, several at once, when the frameworks were compared here.

        Raises:
            UsageError: impossible options, or a folder that holds another run.
            ExecutorError: the executor cannot be had, or is gone.
        """
        with contextlib.ExitStack() as opened:
            # First: a cluster that is not there is told at once, and nothing is written.
            handed = opened.enter_context(Handed(executor, self.listener)) if executor else None
            processes = opened.enter_context(self.opened(resume=resume))
            for name in ordered(self.options):
                if self.options.agreement:
                    self.agree(name, processes)
                for trial in () if handed else self._asked(name):
                    self.measure(*trial, processes[trial[2]])
            if handed:
                distribute(self, self.asked(), processes, handed)
        return self.document()

    def rehearse(self, *, resume: bool) -> None:
        """Everything that can be known to be wrong before it is begun; nothing is written.

        Raises:
            AebenchError: as of `opened`.
        """
        rehearse(self.options)
        self._require_empty(resume=resume)

    def asked(self) -> list[tuple[str, int, str]]:
        """The trials that are asked for, in their order: an autoencoder, a seed, a framework."""
        return [trial for name in ordered(self.options) for trial in self._asked(name)]

    def make_room(self, name: str, framework: str, process: FrameworkProcess) -> None:
        """End a process that has trained another autoencoder: what that took would count among this one's memory."""
        if self._trained.setdefault(framework, name) != name:
            process.close()
            self._trained[framework] = name

    def _asked(self, name: str) -> list[tuple[str, int, str]]:
        """The trials of an autoencoder that are asked for: its name, a seed, a framework."""
        return [*product((name,), self.options.seeds, registry.offering(name, self.options.frameworks))]

    @contextlib.contextmanager
    def opened(self, *, resume: bool) -> Iterator[dict[str, FrameworkProcess]]:
        """The frameworks' processes, after the plan was written; what was measured is collected on leaving.

        Raises:
            UsageError: impossible options, or a folder that holds another run.
        """
        check(self.options)
        self._require_empty(resume=resume)  # before the lock, which leaves a file in the folder
        with locked(self.folder):
            self._require_empty(resume=resume)
            with processes_of(self.options, self.folder / "logs", arbiter=self.options.agreement) as processes:
                self._plan(processes)
                try:
                    yield processes
                finally:
                    documents.write(self.folder / "result.json", "run", self.document())

    def _require_empty(self, *, resume: bool) -> None:
        if not resume and not is_empty(self.folder):
            raise UsageError(f"{self.folder} is not empty; go on with --resume, or choose another --output")

    def _plan(self, processes: dict[str, FrameworkProcess]) -> None:
        """Write what is to be done, after it was made sure that nothing has changed since the run was begun.

        Raises:
            UsageError: the conditions are not those of then; says which.
        """
        path = self.folder / "plan.json"
        now = conditions(self.options, processes, dtype=self.options.dtype)
        before = documents.read_if_there(path, "plan")
        if before is not None:
            advice = "measure as then, or start anew in another --output"
            now = checked(require_same_document(path, before, plain(now), advice), Conditions)
        begun = before["begun"] if before else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.conditions = now
        documents.write(path, "plan", {"options": asdict(self.options), "conditions": plain(now), "begun": begun})

    def document(self) -> dict[str, Any]:
        """What there is so far, earlier calls' trials with it; complete when no trial is missing."""
        asked = self.asked()
        for name, seed, framework in asked:
            if self.measured(name, seed, framework) is None:
                with contextlib.suppress(ResultError, UsageError):
                    if known := known_trial(self.trial(name, seed, framework), self.now()):
                        self.trials.append(known)
        return {
            "options": asdict(self.options),
            "conditions": plain(self.now()),
            "complete": all(self.measured(*trial) for trial in asked),
            "agreements": self.agreements,
            "trials": self.trials,
            "failures": self.failures,
        }

    def agree(self, name: str, processes: dict[str, FrameworkProcess]) -> None:
        """The ladder in both dtypes at the first seed, unless its document is there."""
        path = self.folder / name / "agreement.json"
        now = structs.replace(self.now(), dtype=None)
        if known := known_agreement(path, now, processes):
            self.agreements += known["agreements"]
            self.listener.finished(f"{name}, agreement", f"{session.outcome(known)} (compared before)")
            return
        options, autoencoder = self.options, registry.autoencoder(name)
        source = Source(dataset_name(options, autoencoder), options.data_dir, options.schedule)
        climbs = [Climb(autoencoder, options.seeds[0], dtype, options.device) for dtype in DTYPES]
        with Lanes(processes) as lanes:
            document = session.begin(lanes, climbs, source, path.parent).document(self.listener)
        # What a climb took would count among a training's memory.
        for process in processes.values():
            process.close()
        failed = document["failures"]
        self.agreements += document["agreements"]
        self.failures += [{"autoencoder": name, "framework": k, "failure": why} for k, why in failed.items()]
        if not failed:
            documents.write(path, "agreement", {**document, "conditions": plain(self._only(now, name))})

    def _only(self, now: Conditions, name: str) -> Conditions:
        """The conditions of one autoencoder."""
        data = dataset_name(self.options, registry.autoencoder(name))
        return structs.replace(now, specifications={name: now.specifications[name]}, data={data: now.data[data]})
