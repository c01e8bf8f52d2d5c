"""What `aebench list` shows: what is here, and how to get what is not. Loads no framework and no data."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aebench import data, registry
from aebench.plugins import Broken
from aebench.records.conditions import gpus


def print_listing(data_dir: str | None, console: Console) -> None:
    """Four tables: autoencoders, frameworks, devices, data sets."""
    for table in (_autoencoders(), _frameworks(), _devices(), _datasets(data_dir)):
        console.print(table)
        console.print()


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _autoencoders() -> Table:
    table = _table("Autoencoders", "name", "what it is", "layers", "phases")
    for autoencoder in registry.autoencoders().values():
        layers = autoencoder.layers
        widths = [layers[0].n_inputs, *(x.n_outputs for x in layers if x.name not in ("log_variance",))]
        phases = ", ".join(f"{p.name} ({p.epochs:,} × {p.batch_size:,})" for p in autoencoder.phases)
        table.add_row(autoencoder.name, autoencoder.title, "-".join(map(str, widths)), phases)
    for it in (it for it in registry.broken() if it.kind == "autoencoder"):
        table.add_row(escape(it.name), _reason(it))
    table.caption = "phases: epochs × batch size of the schedule `source`"
    table.caption_justify = "left"
    return table


def _frameworks() -> Table:
    table = _table("Frameworks", "name", "mode", "version", "")
    for framework in registry.variants().values():
        found = registry.version(framework)
        missing = f"[yellow]missing[/yellow]; get it with: {framework.install}".replace("[cpu]", r"\[cpu]")
        table.add_row(framework.name, framework.mode, found or "–", "" if found else missing)
    for it in (it for it in registry.broken() if it.kind == "framework"):
        table.add_row(escape(it.name), "", "–", _reason(it))
    return table


def _reason(broken: Broken) -> str:
    return f"[yellow]broken[/yellow] ({escape(broken.package)}): {escape(broken.reason)}"


def _devices() -> Table:
    table = _table("Devices", "name", "")
    table.add_row("cpu", "always")
    found = gpus()
    without = r"none seen by nvidia-smi; with one, get the builds for it: pip install 'aebench\[gpu]'"
    table.add_row("gpu", "; ".join(found) if found else without)
    return table


def _datasets(data_dir: str | None) -> Table:
    table = _table("Data sets", "name", "here", "")
    for name in data.names():
        status = data.status(name, data_dir)
        table.add_row(name, "yes" if status.available else "[yellow]no[/yellow]", status.detail.replace("[", r"\["))
    return table
