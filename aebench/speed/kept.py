"""Timings that are kept: a folder's `bench.json`, gone on with by a later call under the same conditions only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.processes.events import Listener
from aebench.processes.subjects import subjects as described
from aebench.processes.worker import FrameworkProcess
from aebench.records import capture, documents
from aebench.records.conditions import Conditions
from aebench.records.documents import comparable
from aebench.records.fields import plain
from aebench.records.reuse import require_same_document, require_same_options
from aebench.records.store import locked
from aebench.speed.rounds import Case, Options, Rounds, Row, libraries, measure, subjects
from aebench.training.trial import dataset_of


def run(cases: Sequence[Case], options: Options, rounds: Rounds, folder: Path, listener: Listener) -> list[Row]:
    """Time every case; the documents of those asked for, kept in the folder's `bench.json` with earlier ones.

    Raises:
        UsageError: the folder holds what was timed with other options or under other conditions.
        ResultError: the folder's document is damaged.
    """
    path, logs = folder / "bench.json", folder / "logs"
    # Where the data lay says nothing about what was timed.
    stated = {key: value for key, value in asdict(options).items() if key != "data_dir"}
    with locked(folder):
        now = plain(conditions(cases, options, logs))
        document = _continued(path, {"options": stated, "rounds": asdict(rounds), "conditions": now, "cases": []})
        documents.write(path, "bench", document)
        known = [_case(row) for row in document["cases"]]
        for case in (case for case in cases if case not in known):
            with _opened([subject.name for subject in subjects(case, options)], logs) as processes:
                document["cases"].append(measure(case, options, rounds, processes, listener))
            documents.write(path, "bench", document)
    return [row for row in document["cases"] if _case(row) in cases]


def conditions(cases: Sequence[Case], options: Options, logs: Path) -> Conditions:
    """The conditions of what is timed, asked of processes such as it is timed in."""
    autoencoders = [registry.autoencoder(name) for name in dict.fromkeys(case.autoencoder for case in cases)]
    sets = dict.fromkeys(autoencoder.dataset or options.dataset for autoencoder in autoencoders)
    with _opened((*options.frameworks, *libraries(options.device)), logs) as processes:
        return capture.here(
            alone=True,
            subjects=described(processes),
            autoencoders=autoencoders,
            data={name: dataset_of(name, options.data_dir, options.schedule).checksum for name in sets},
            schedule=options.schedule,
            device=options.device,
            dtype=options.dtype,
        )


@contextlib.contextmanager
def _opened(names: Iterable[str], logs: Path) -> Iterator[dict[str, FrameworkProcess]]:
    """A process for each name; while one is timed it has the machine to itself."""
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(FrameworkProcess(name, logs / f"{name}.log", alone=True))
            for name in dict.fromkeys(names)
        }


def _case(row: Mapping[str, Any]) -> Case:
    return Case(**{name: row[name] for name in ("autoencoder", "use", "batch", "width")})


def _continued(path: Path, document: Row) -> Row:
    """The document with the cases that were timed there before; those in which something failed are timed anew.

    Raises:
        UsageError: what was timed there was timed differently.
        ResultError: damaged, or of another version.
    """
    before = documents.read_if_there(path, "bench")
    cases = before["cases"] if before else []
    sound = [row for row in cases if not any("failure" in subject for subject in row["subjects"])]
    if before is None or not sound:
        return document
    now, advice = comparable(document), "time as then, or choose another --output"
    for part in ("options", "rounds"):
        require_same_options(path, before[part], now[part], advice)
    known = require_same_document(path, before, now["conditions"], advice)
    return {**document, "conditions": known, "cases": sound}
