"""What a run says to a person: the verdict, whatever went wrong, and one table of agreement, quality and speed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, product
from statistics import mean
from typing import Any

from rich.console import Console
from rich.text import Text

from aebench import networks, registry
from aebench.comparison.verdicts import loaded
from aebench.quality.leaps import errors, leap
from aebench.records.conditions import Busy
from aebench.records.fields import checked
from aebench.registry import ARBITER
from aebench.report.prose import say
from aebench.report.tables import Cell, Column, Table
from aebench.report.verdict import AGREES, NOT_COMPARED, PARTS, VACUOUS, least_headroom, sentences, state
from aebench.running.options import DTYPES

Document = Mapping[str, Any]
EXPLANATION = (
    "agreement: every rung of the ladder, every pair; ×N: they could differ N times as much before they part; in part: "
    "a framework was not compared. quality: mean over the seeds, with those that leapt only where all did."
)
OF_SPEED = "ms/1,000: training steps per 1,000 images, median of all epochs but the first two{of}."
IN_PART = ", of the trainings that had a machine alone"
UNTIMED = "No training had a machine alone, so none is timed."


def print_run(document: Document, console: Console, verdicts: Sequence[str] = ()) -> None:
    """What the run found in words, what is wrong, and the table of everything.

    verdicts: on quality over the seeds, of every pair and metric.
    """
    found = sentences(document, verdicts)
    console.print(" ".join(found), style="bold", markup=False)
    print_problems(problems(document), console)
    console.print()
    trained = [trial for trial in document["trials"] if "failure" not in trial]
    timed = not trained or any(map(_had_a_machine, trained))
    table(document, speed=timed).print(console)
    of_speed = OF_SPEED.format(of="" if all(map(_had_a_machine, trained)) else IN_PART) if timed else UNTIMED
    console.print(f"{EXPLANATION} {of_speed}", style="dim")
    if timed and (words := _busy(document)):
        say(words, console, "yellow")
    for note in _notes(document):
        console.print(note, style="dim")


def _notes(document: Document) -> Iterator[str]:
    """What is not in the table, and why."""
    frameworks, names = document["options"]["frameworks"], _in_order(document)
    for framework, name in product(frameworks, names):
        if not registry.offers(framework, name):
            yield f"n/a: {networks.lacking(framework, name)}"
    climbing = dict.fromkeys((ARBITER, *frameworks))
    single = [name for name in names if len(registry.offering(name, climbing)) < 2]
    if single and document["options"]["agreement"]:
        yield f"Nothing to compare with: two frameworks have to have it, or one and the {ARBITER}: {', '.join(single)}"
    if document["agreements"] and ARBITER not in frameworks:
        named = ",".join((ARBITER, *frameworks))
        yield f"{ARBITER}: judged the agreement and was not trained; to train it, too: -f {named}"


def _had_a_machine(trial: Document) -> bool:
    """Whether its seconds say anything of speed: not where it ran beside others."""
    alone: bool = trial["speed"].get("alone", True)
    return alone


def _busy(document: Document) -> str | None:
    """What is to be known of the column of speed where others worked meanwhile."""
    conditions = [trial.get("conditions") or {} for trial in document["trials"] if "failure" not in trial]
    words = loaded([checked(it["busy"], Busy) for it in conditions if it.get("busy")])
    return words and f"ms/1,000 is that of a busy machine: {words}."


def table(document: Document, *, speed: bool = True) -> Table:
    """A row for each autoencoder: agreement, if it was asked for, quality and speed of each framework.

    speed: whether it is there; no two runs have it alike.
    """
    options = document["options"]
    frameworks, dtypes = options["frameworks"], DTYPES if options["agreement"] else ()
    columns = [Column("autoencoder"), *(Column(dtype, over="agreement") for dtype in dtypes), Column("on test data")]
    columns += [Column(name, over="quality", right=True) for name in frameworks]
    columns += [Column(name, over="ms/1,000", right=True) for name in frameworks if speed]
    found = Table(_title(document), columns)
    for name in _in_order(document):
        found.add(*islice(_row(name, document, frameworks, dtypes), len(columns)))
    return found


def problems(document: Document) -> list[str]:
    """Every parting, every rung that judges nothing, every failure, every metric that is not a number, a line each."""
    partings = [f"{a['autoencoder']}, {a['dtype']}: {a['parting']}" for a in document["agreements"] if a["parting"]]
    vacuous = [
        f"{a['autoencoder']}, {a['dtype']}, {a['left']} – {a['right']}: rung {rung} is vacuous: anything passes it"
        for a in document["agreements"]
        for rung in a.get("vacuous", ())
    ]
    failed = [f for f in (*document["failures"], *document.get("trials", ())) if "failure" in f]
    invalid = [
        f"{t['autoencoder']}, {t['framework']}, seed {t['seed']}: {why}"
        for t in document.get("trials", ())
        for why in t.get("invalid", {}).values()
    ]
    return [*partings, *vacuous, *(f"{f['autoencoder']}, {f['framework']}: {f['failure']}" for f in failed), *invalid]


def print_problems(lines: Iterable[str], console: Console) -> None:
    """A red line each, as it is: a message may hold brackets, and is not broken."""
    for line in lines:
        console.print(line, style="red", markup=False, soft_wrap=True)


def print_growth(rows: Sequence[Document], console: Console) -> None:
    """Largest relative difference of the parameters after 1, 10, 100 … steps."""
    marks = sorted(
        {step for row in rows for step in row["steps"] if str(step).strip("0") == "1"} | {rows[0]["steps"][-1]}
    )
    columns = [Column(name) for name in ("autoencoder", "dtype", "pair")]
    columns += [Column(f"{mark:,}", right=True) for mark in marks]
    title = "Largest difference of the parameters, over their largest magnitude, after so many steps"
    table = Table(title, columns, keys=3)
    for row in rows:
        at = dict(zip(row["steps"], row["relative"], strict=True))
        cells = [f"{at[mark]:.1e}" if mark in at else "" for mark in marks]
        table.add(row["autoencoder"], row["dtype"], f"{row['left']} – {row['right']}", *cells)
    table.print(console)


def _title(document: Document) -> str:
    options = document["options"]
    state = "" if document["complete"] else ", interrupted"
    seeds = ", ".join(map(str, options["seeds"]))
    read = {registry.autoencoder(name).dataset or options["dataset"] for name in _in_order(document)}
    names = " and ".join(sorted(read, key=lambda name: (name != options["dataset"], name)) or [options["dataset"]])
    return f"aebench run: {names}, schedule {options['schedule']}, {options['dtype']}, seeds {seeds}{state}"


def _in_order(document: Document) -> list[str]:
    names = [row["autoencoder"] for row in (*document["agreements"], *document["trials"], *document["failures"])]
    return list(dict.fromkeys(names))


def _row(name: str, document: Document, frameworks: Sequence[str], dtypes: Sequence[str]) -> Iterable[Cell]:
    measures = registry.autoencoder(name).measures
    trials = [t for t in document["trials"] if t["autoencoder"] == name]
    yield name
    for dtype in dtypes:
        found = [a for a in document["agreements"] if (a["autoencoder"], a["dtype"]) == (name, dtype)]
        yield _agreement_cell(found, frameworks)
    yield measures.label
    of = {framework: [t for t in trials if t["framework"] == framework] for framework in frameworks}
    absent = {framework: "–" if registry.offers(framework, name) else "n/a" for framework in frameworks}
    yield from (headline(mine, measures.headline) if mine else absent[f] for f, mine in of.items())
    yield from (_speed(mine) if mine else absent[f] for f, mine in of.items())


def _speed(mine: Sequence[Document]) -> Cell:
    """Milliseconds of training steps per 1,000 images, the mean over the trainings that had a machine alone."""
    if any("failure" in t for t in mine):
        return Text("failed", "red")
    alone = [t["speed"] for t in mine if _had_a_machine(t)]
    return f"{1000.0 * mean(s['seconds_per_1000_images'] for s in alone):.3g}" if alone else "not alone"


def headline(mine: Sequence[Document], metric: str) -> Cell:
    """The metric's mean over the trainings that did not leap, else over all, and how many leapt."""
    if any("failure" in t for t in mine):
        return Text("failed", "red")
    steady = [t for t in mine if leap(errors(t)) is None]
    values = [float(t["metrics"][metric]["value"]) for t in steady or mine if metric in t["metrics"]]
    if not values:
        return "–"
    leapt = len(mine) - len(steady)
    counted = "leapt" if len(mine) == 1 else f"{leapt} leapt"
    return f"{mean(values):.5g}" + (f" ({counted})" if leapt else "")


def _agreement_cell(agreements: Sequence[Document], frameworks: Sequence[str]) -> Cell:
    found = state(agreements, frameworks)
    if found in (PARTS, VACUOUS):
        return Text(PARTS if found == PARTS else "vacuous", "red")
    if found == NOT_COMPARED:
        return "–"
    word = Text("agree", "green") if found == AGREES else Text("in part", "yellow")
    return Text.assemble(word, f" ×{least_headroom(agreements)[0]:.3g}")
