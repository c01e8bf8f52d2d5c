"""The ladder alone, without training: every autoencoder asked for, in every framework, from every seed."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.agreement import session
from aebench.agreement.growth import growth
from aebench.agreement.ladder import Climb
from aebench.agreement.session import Source
from aebench.arrays import Dtype
from aebench.errors import ResultError
from aebench.processes.events import Listener
from aebench.records import documents
from aebench.records.conditions import environment
from aebench.records.documents import comparable
from aebench.registry import ARBITER
from aebench.running.options import DTYPES, Options, check, dataset_name, processes_of


def agreements(
    options: Options, climbs: Climb, dtypes: Sequence[Dtype], folder: Path, listener: Listener, *, forced: bool,
    keep_traces: bool,
) -> dict[str, Any]:  # fmt: skip
    """The ladder alone, for every autoencoder and seed; `climbs` is the pattern of each climb."""
    check(options)
    found: dict[str, Any] = {"options": asdict(options), "environment": environment(), "agreements": [], "failures": []}
    with processes_of(options, None, arbiter=True) as processes:
        for name, seed in product(options.autoencoders, options.seeds):
            autoencoder = registry.autoencoder(name)
            source = Source(dataset_name(options, autoencoder), options.data_dir, options.schedule)
            each = [replace(climbs, autoencoder=autoencoder, seed=seed, dtype=dtype) for dtype in dtypes]
            document = session.document(
                processes, each, source, folder / name / f"seed{seed}", listener, forced=forced, keep_traces=keep_traces
            )
            found["agreements"] += [
                {**row, "seed": seed, "command": command(options, row, seed, climbs.steps, forced=forced)}
                for row in document["agreements"]
            ]
            found["failures"] += [
                {"autoencoder": name, "framework": k, "failure": v} for k, v in document["failures"].items()
            ]
    return found


def command(options: Options, row: Mapping[str, Any], seed: int, steps: int, *, forced: bool) -> str:
    """The command that climbs one pair of frameworks again."""
    pair = [name for name in (row["left"], row["right"]) if name != ARBITER]
    words = ["aebench agree", row["autoencoder"], "-f", ",".join(pair), "--dtype", row["dtype"], "-s", str(seed)]
    words += ["--steps", str(steps), "-d", shlex.quote(options.dataset), "-p", options.schedule]
    words += ["--data-dir", shlex.quote(options.data_dir)] if options.data_dir else []
    words += ["--device", options.device] if options.device != "cpu" else []
    return " ".join([*words, "--teacher-forced"] if forced else words)


def growths(
    options: Options, climbs: Climb, dtypes: Sequence[Dtype], folder: Path, listener: Listener
) -> dict[str, Any]:
    """How the difference grows with the steps, for every autoencoder and dtype, at the first seed.

    What the folder's `growth.json` holds of the same measurement is kept and not measured again; it is written anew
    after each autoencoder and dtype.
    """
    check(options)
    path, same, here = folder / "growth.json", _measurement(options, climbs), environment()
    rows: list[dict[str, Any]] = []
    with contextlib.suppress(ResultError):
        before = documents.read(path, "growth")
        rows = before["growth"] if before["measurement"] == comparable(same) else []
    with processes_of(options, None, arbiter=True) as processes:
        for name, dtype in product(options.autoencoders, dtypes):
            if not any((row["autoencoder"], row["dtype"]) == (name, dtype) for row in rows):
                autoencoder = registry.autoencoder(name)
                source = Source(dataset_name(options, autoencoder), options.data_dir, options.schedule)
                climb = replace(climbs, autoencoder=autoencoder, seed=options.seeds[0], dtype=dtype)
                listener.begin(f"{name}: growth in {dtype}", 1)
                rows = sorted([*rows, *growth(processes, climb, source, folder)], key=_by_registry)
                document = {"measurement": same, "environment": here, "growth": rows}
                documents.write(path, "growth", document)
                listener.finished(f"{name}, growth in {dtype}", f"measured over {climbs.steps:,} steps of each phase")
    return {"measurement": same, "environment": here, "growth": rows}


def _by_registry(row: Mapping[str, Any]) -> tuple[int, int]:
    """Where a row of growth stands in the tables: autoencoders in their order, float64 first."""
    return list(registry.autoencoders()).index(row["autoencoder"]), DTYPES.index(row["dtype"])


def _measurement(options: Options, climbs: Climb) -> dict[str, Any]:
    """What makes two growths comparable."""
    asked = asdict(options)
    same = {key: asked[key] for key in ("frameworks", "dataset", "schedule", "device")}
    return {**same, "seed": options.seeds[0], "steps": climbs.steps}
