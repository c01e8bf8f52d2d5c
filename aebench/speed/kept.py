"""Timings that are kept: a folder's `bench.json`, gone on with by a later call under the same conditions only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.errors import UsageError
from aebench.processes.events import Listener
from aebench.processes.subjects import subjects as described
from aebench.processes.worker import FrameworkProcess
from aebench.records import capture, documents
from aebench.records.conditions import Conditions
from aebench.records.documents import comparable
from aebench.records.fields import checked, plain
from aebench.records.measurements import Case as Known
from aebench.records.reuse import require_same_document, require_same_options
from aebench.records.store import locked
from aebench.speed.cases import Case, Options, libraries, measure
from aebench.speed.shares import failures
from aebench.training.trial import dataset_of


def run(cases: Sequence[Case], options: Options, n_blocks: int, folder: Path, listener: Listener) -> list[Known]:
    """Time every case in so many blocks; those asked for, kept in the folder's `bench.json` with earlier ones.

    Raises:
        UsageError: the folder holds what was timed with other options or under other conditions.
        ResultError: the folder's document is damaged.
    """
    path, logs = folder / "bench.json", folder / "logs"
    # Where the data lay says nothing about what was timed.
    stated = {key: value for key, value in asdict(options).items() if key != "data_dir"}
    with locked(folder):
        now = plain(conditions(cases, options, logs))
        document = _continued(path, {"options": stated, "blocks": n_blocks, "conditions": now, "cases": []})
        documents.write(path, "bench", document)
        known = [_case(row) for row in document["cases"]]
        for case in (case for case in cases if case not in known):
            document["cases"].append(plain(measure(case, options, n_blocks, logs, listener)))
            documents.write(path, "bench", document)
    return [checked(row, Known) for row in document["cases"] if _case(row) in cases]


def conditions(cases: Sequence[Case], options: Options, logs: Path) -> Conditions:
    """The conditions of what is timed, asked of processes such as it is timed in."""
    autoencoders = [registry.autoencoder(name) for name in dict.fromkeys(case.autoencoder for case in cases)]
    sets = dict.fromkeys(autoencoder.dataset or options.dataset for autoencoder in autoencoders)
    with _opened((*options.frameworks, *libraries(options.device)), logs) as processes:
        return capture.here(
            subjects=described(processes),
            autoencoders=autoencoders,
            data={name: dataset_of(name, options.data_dir, options.schedule).checksum for name in sets},
            schedule=options.schedule,
            device=options.device,
            dtype=options.dtype,
        )


@contextlib.contextmanager
def _opened(names: Iterable[str], logs: Path) -> Iterator[dict[str, FrameworkProcess]]:
    """A process for each name."""
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(FrameworkProcess(name, logs / f"{name}.log")) for name in dict.fromkeys(names)}


def _case(row: Mapping[str, Any]) -> Case:
    return Case(**{name: row[name] for name in ("autoencoder", "use", "batch", "width")})


def _continued(path: Path, document: dict[str, Any]) -> dict[str, Any]:
    """The document with the cases that were timed there before; those in which something failed are timed anew.

    Raises:
        UsageError: what was timed there was timed differently, or in rounds of one process.
        ResultError: damaged, or of another version.
    """
    before = documents.read_if_there(path, "bench")
    if before is None:
        return document
    if former := before.get("former"):
        raise UsageError(
            f"{path} holds {len(former['cases'])} cases that an earlier aebench timed in rounds of one process; "
            "choose another --output"
        )
    sound = [row for row in before["cases"] if not failures(checked(row, Known))]
    if not sound:
        return document
    now, advice = comparable(document), "time as then, or choose another --output"
    require_same_options(path, before["options"], now["options"], advice)
    require_same_options(path, {"blocks": before["blocks"]}, now, advice)
    known = require_same_document(path, before, now["conditions"], advice)
    return {**document, "conditions": known, "cases": sound}
