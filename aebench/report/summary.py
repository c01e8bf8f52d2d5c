"""What a run says to a person: one table of agreement, quality and speed, and below it whatever went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import mean
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from aebench import registry
from aebench.training.metrics import headline

Document = Mapping[str, Any]


def print_run(document: Document, console: Console) -> None:
    """The table of a run, its partings and its failures."""
    frameworks = document["options"]["frameworks"]
    table = Table(title=_title(document), title_justify="left", header_style="bold", box=SIMPLE_HEAD)
    table.add_column("autoencoder", no_wrap=True)
    for dtype in ("float64", "float32"):
        table.add_column(f"agreement\n{dtype}", no_wrap=True)
    table.add_column("on test data", no_wrap=True)
    for name in frameworks:
        table.add_column(f"quality\n{name}", justify="right", no_wrap=True)
    for name in frameworks:
        table.add_column(f"ms/1,000\n{name}", justify="right", no_wrap=True)
    for name in _in_order(document):
        table.add_row(*_row(name, document, frameworks))
    console.print(table)
    console.print(
        "agreement: every rung of the ladder, every pair; ×N: they could differ N times as much before they part. "
        "quality: mean over the seeds. ms/1,000: training steps per 1,000 images, median of all epochs but the first.",
        style="dim",
    )
    print_problems(problems(document), console)


def problems(document: Document) -> list[str]:
    """Every parting, every failure and every metric that is not a number, a line each."""
    partings = [f"{a['autoencoder']}, {a['dtype']}: {a['parting']}" for a in document["agreements"] if a["parting"]]
    failed = [f for f in (*document["failures"], *document.get("trials", ())) if "failure" in f]
    invalid = [
        f"{t['autoencoder']}, {t['framework']}, seed {t['seed']}: {why}"
        for t in document.get("trials", ())
        for why in t.get("invalid", {}).values()
    ]
    return [*partings, *(f"{f['autoencoder']}, {f['framework']}: {f['failure']}" for f in failed), *invalid]


def print_problems(lines: Iterable[str], console: Console) -> None:
    """A red line each, as it is: a message may hold brackets, and is not broken."""
    for line in lines:
        console.print(line, style="red", markup=False, soft_wrap=True)


def print_growth(rows: Sequence[Document], console: Console) -> None:
    """Largest relative difference of the parameters after 1, 10, 100 … steps."""
    marks = sorted(
        {step for row in rows for step in row["steps"] if str(step).strip("0") == "1"} | {rows[0]["steps"][-1]}
    )
    table = Table(
        title="Largest difference of the parameters, over their largest magnitude, after so many steps",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for column in ("autoencoder", "dtype", "pair"):
        table.add_column(column)
    for mark in marks:
        table.add_column(f"{mark:,}", justify="right")
    for row in rows:
        at = dict(zip(row["steps"], row["relative"], strict=True))
        cells = [f"{at[mark]:.1e}" if mark in at else "" for mark in marks]
        table.add_row(row["autoencoder"], row["dtype"], f"{row['left']} – {row['right']}", *cells)
    console.print(table)


def _title(document: Document) -> str:
    options = document["options"]
    state = "" if document["complete"] else ", interrupted"
    seeds = ", ".join(map(str, options["seeds"]))
    return (
        f"aebench run: {options['dataset']}, schedule {options['schedule']}, {options['dtype']}, seeds {seeds}{state}"
    )


def _in_order(document: Document) -> list[str]:
    names = [row["autoencoder"] for row in (*document["agreements"], *document["trials"], *document["failures"])]
    return list(dict.fromkeys(names))


def _row(name: str, document: Document, frameworks: Sequence[str]) -> Iterable[str]:
    metric, label = headline(registry.autoencoder(name))
    trials = [t for t in document["trials"] if t["autoencoder"] == name]
    yield name
    for dtype in ("float64", "float32"):
        yield _agreement_cell([a for a in document["agreements"] if (a["autoencoder"], a["dtype"]) == (name, dtype)])
    yield label
    for framework in frameworks:
        yield _cell(trials, framework, lambda trial: float(trial["metrics"][metric]["value"]), 5)
    for framework in frameworks:
        yield _cell(trials, framework, lambda trial: 1000.0 * float(trial["speed"]["seconds_per_1000_images"]), 3)


def _cell(trials: Sequence[Document], framework: str, value: Callable[[Document], float], digits: int) -> str:
    mine = [t for t in trials if t["framework"] == framework]
    if any("failure" in t for t in mine):
        return "[red]failed[/red]"
    return f"{mean(map(value, mine)):.{digits}g}" if mine else "–"


def _agreement_cell(agreements: Sequence[Document]) -> str:
    if not agreements:
        return "–"
    if any(a["parting"] for a in agreements):
        return "[red]parts[/red]"
    return f"[green]agree[/green] {_headroom(agreements)}"


def _headroom(agreements: Sequence[Document]) -> str:
    least = min((r["headroom"] for a in agreements for r in a["rungs"]), default=float("inf"))
    return f"×{least:.3g}"
