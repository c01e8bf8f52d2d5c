"""What `aebench list` shows: what is here, and how to get what is not. Loads no framework and no data."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from aebench import data, registry
from aebench.plugins import Broken
from aebench.records.machine import gpus
from aebench.report.tables import Column, Table


def print_listing(data_dir: str | None, console: Console) -> None:
    """Four tables: autoencoders, frameworks, devices, data sets."""
    for table in (_autoencoders(), _frameworks(), _devices(), _datasets(data_dir)):
        table.print(console)


def _autoencoders() -> Table:
    columns = [Column("name"), Column("what it is", wraps=True), Column("layers"), Column("phases", wraps=True)]
    table = Table("Autoencoders; phases: epochs × batch size of the schedule `source`", columns)
    for autoencoder in registry.autoencoders().values():
        widths = [autoencoder.layers[0].n_inputs]
        for layer in autoencoder.layers:
            # One beside the layer before, as a log variance is beside its mean, goes on from no width of its own.
            if layer.n_inputs == widths[-1]:
                widths.append(layer.n_outputs)
        phases = ", ".join(f"{p.name} ({p.epochs:,} × {p.batch_size:,})" for p in autoencoder.phases)
        table.add(autoencoder.name, autoencoder.title, "-".join(map(str, widths)), phases)
    for it in (it for it in registry.broken() if it.kind == "autoencoder"):
        table.add(it.name, _reason(it))
    return table


def _frameworks() -> Table:
    table = Table("Frameworks", [Column("name"), Column("mode"), Column("version"), Column("", wraps=True)])
    for framework in registry.variants().values():
        found = registry.version(framework)
        missing = Text.assemble(("missing", "yellow"), f"; get it with: {framework.install}")
        table.add(framework.name, framework.mode, found or "–", "" if found else missing)
    for it in (it for it in registry.broken() if it.kind == "framework"):
        table.add(it.name, "", "–", _reason(it))
    return table


def _reason(broken: Broken) -> Text:
    return Text.assemble(("broken", "yellow"), f" ({broken.package}): {broken.reason}")


def _devices() -> Table:
    table = Table("Devices", [Column("name"), Column("", wraps=True)])
    found = gpus()
    without = "none seen by nvidia-smi; with one, get the builds for it: pip install 'aebench[gpu]'"
    table.add("cpu", "always")
    table.add("gpu", "; ".join(found) if found else without)
    return table


def _datasets(data_dir: str | None) -> Table:
    table = Table("Data sets", [Column("name"), Column("here"), Column("", wraps=True)])
    for name in data.names():
        status = data.status(name, data_dir)
        table.add(name, "yes" if status.available else Text("no", "yellow"), status.detail)
    return table
