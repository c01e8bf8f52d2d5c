"""How differences grow with the steps: measured for every autoencoder and dtype, kept, and gone on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.agreement.growth import growth
from aebench.agreement.ladder import Climb
from aebench.agreement.session import Source
from aebench.arrays import Dtype
from aebench.errors import UsageError
from aebench.processes.events import Listener
from aebench.records import documents
from aebench.records.documents import comparable
from aebench.records.fields import plain
from aebench.records.reuse import require_same_document, require_same_options
from aebench.records.store import locked
from aebench.running.options import DTYPES, Options, check, dataset_name, processes_of
from aebench.running.resume import conditions

ADVICE = "measure as then, or choose another --output"


def growths(
    options: Options, climbs: Climb, dtypes: Sequence[Dtype], folder: Path, listener: Listener
) -> dict[str, Any]:
    """How the difference grows with the steps, for every autoencoder and dtype, from one seed.

    What the folder's `growth.json` holds of the same measurement is kept and not measured again; it is written anew
    after each autoencoder and dtype.

    Raises:
        UsageError: several seeds, or the folder holds another measurement, or one under other conditions.
        ResultError: its document is damaged.
    """
    if len(options.seeds) != 1:
        found = ",".join(map(str, options.seeds))
        raise UsageError(f"growth is measured from one seed, found {found}; name one, each with a folder of its own")
    check(options)
    path = folder / "growth.json"
    with locked(folder), processes_of(options, None, arbiter=True) as processes:
        now = plain(conditions(options, processes, names=options.autoencoders))
        document = _continued(path, {"measurement": _measurement(options, climbs), "conditions": now, "growth": []})
        for name, dtype in product(options.autoencoders, dtypes):
            if not any((row["autoencoder"], row["dtype"]) == (name, dtype) for row in document["growth"]):
                autoencoder = registry.autoencoder(name)
                source = Source(dataset_name(options, autoencoder), options.data_dir, options.schedule)
                climb = replace(climbs, autoencoder=autoencoder, seed=options.seeds[0], dtype=dtype)
                listener.begin(f"{name}: growth in {dtype}", 1)
                rows = [*document["growth"], *growth(processes, climb, source, folder)]
                document["growth"] = sorted(rows, key=_by_registry)
                documents.write(path, "growth", document)
                listener.finished(f"{name}, growth in {dtype}", f"measured over {climbs.steps:,} steps of each phase")
    return document


def _by_registry(row: Mapping[str, Any]) -> tuple[int, int]:
    """Where a row of growth stands in the tables: autoencoders in their order, float64 first."""
    return list(registry.autoencoders()).index(row["autoencoder"]), DTYPES.index(row["dtype"])


def _measurement(options: Options, climbs: Climb) -> dict[str, Any]:
    """What makes two growths comparable."""
    asked = asdict(options)
    same = {key: asked[key] for key in ("frameworks", "dataset", "schedule", "device")}
    return {**same, "seed": options.seeds[0], "steps": climbs.steps}


def _continued(path: Path, document: dict[str, Any]) -> dict[str, Any]:
    """The document with the rows that were measured there before.

    Raises:
        UsageError: they were measured differently.
        ResultError: damaged, or of another version.
    """
    before = documents.read_if_there(path, "growth")
    if before is None or not before["growth"]:
        return document
    now = comparable(document)
    require_same_options(path, before["measurement"], now["measurement"], ADVICE)
    known = require_same_document(path, before, now["conditions"], ADVICE)
    return {**document, "conditions": known, "growth": before["growth"]}
