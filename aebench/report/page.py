"""The page of results: baselines against the published figures, and every metric with its statistics. Generated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aebench import registry
from aebench.quality.table import Row, rows
from aebench.records import documents
from aebench.records.baselines import PAGE
from aebench.records.store import write_text
from aebench.report.notes import notes
from aebench.report.published import FIGURES, Published
from aebench.report.quality import EXPLANATION, differences, markdown, mixed, sentence
from aebench.streams import Float64

Trials = Sequence[Mapping[str, Any]]
SHOWN_EPOCHS = 4
PUBLISHED = (
    "Ours: the mean over the seeds after each of the last epochs; in brackets the range of the last of them. published "
    "/ ours: epoch by epoch from the first one, the mean over the frameworks; of a single figure, and of an accuracy, "
    "the end."
)

HEAD = """# Results

This page is generated: `aebench accept RUN… --reason TEXT` writes the baselines and the page from finished runs.
Baselines hold, for each training, its metrics, its curves and what it was measured with."""


def write_page(folder: Path) -> Path:
    """Write `README.md` of a folder of results from the baselines under it; the page's path.

    Raises:
        ResultError: a baseline is damaged or of another format version.
    """
    paths = sorted((folder / "baselines").glob("*.json"))
    blocks = [HEAD, *(block for path in paths for block in _baseline(path, folder))]
    page = folder / PAGE
    write_text(page, "\n\n".join(blocks) + "\n")
    return page


def _baseline(path: Path, folder: Path) -> Iterator[str]:
    """The blocks of the page about one baseline."""
    baseline = documents.read(path, "baseline")
    trials = baseline["trials"]
    yield f"## {baseline['dataset']}, schedule {baseline['schedule']}, {baseline['dtype']}, {baseline['device']}"
    yield f"Numbers: [{path.name}]({path.relative_to(folder).as_posix()}). How they came about:"
    yield "\n".join(line for entry in baseline["history"] for line in _entry(entry, baseline["conditions"]))
    yield "Trainings (seeds) behind every figure: " + "; ".join(_counts(trials)) + "."
    at_source = (baseline["dataset"], baseline["schedule"]) == ("mnist", "source")
    if at_source:
        yield "### Against the published figures"
        yield PUBLISHED
        yield "\n".join(published(trials))
    yield "### Quality, and whether the frameworks end equally well"
    found = rows(trials)
    yield "\n".join([sentence(found), *(f"- {line}" for line in (*differences(found), *mixed(found)))])
    yield EXPLANATION
    for name in dict.fromkeys(row.autoencoder for row in found):
        mine = [row for row in found if row.autoencoder == name]
        yield f"#### `{name}`: {registry.autoencoder(name).title}"
        yield from notes(registry.autoencoder(name), [t for t in trials if t["autoencoder"] == name])
        yield "\n".join(markdown(mine))
    yield "Margins: " + "; ".join(dict.fromkeys(_margins(found))) + "."


def _entry(entry: Mapping[str, Any], known: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """One entry of the history. known: the baseline's conditions, which the entry names by their places."""
    found = [None if place is None else known[place] for place in entry["conditions"]]
    on = "conditions unknown"
    if first := next(filter(None, found), None):
        versions = ", ".join(f"{name} {subject['version']}" for name, subject in first["subjects"].items())
        on = f"{first['machine']['processor']}, {first['machine']['cores']} cores; {versions}"
    yield f"- {entry['date']}, {entry['reason']} ({on}):"
    for command, conditions in zip(entry["commands"], found, strict=True):
        commit = (conditions and conditions["aebench"]["commit"]) or "unknown"
        yield f"  - `{command}` at commit {commit[:10]}"


def _counts(trials: Trials) -> Iterator[str]:
    seeds: dict[int, list[str]] = {}
    for name in dict.fromkeys(t["autoencoder"] for t in trials):
        counts = [sum(t["autoencoder"] == name and t["framework"] == f for t in trials)
                  for f in dict.fromkeys(t["framework"] for t in trials)]  # fmt: skip
        seeds.setdefault(min(counts), []).append(f"`{name}`")
    return (f"{n} in each framework for {', '.join(names)}" for n, names in sorted(seeds.items(), reverse=True))


def published(trials: Trials, figures: Sequence[Published] = FIGURES) -> Iterator[str]:
    """The table of published figures beside those of a baseline's trials, one line at a time."""
    frameworks = list(dict.fromkeys(t["framework"] for t in trials))
    yield f"| autoencoder | what | published | {' | '.join(frameworks)} | published / ours | what differs |"
    yield f"|---|---|---|{'---|' * len(frameworks)}---|---|"
    for figure in figures:
        mine = [t for t in trials if t["autoencoder"] == figure.autoencoder]
        if mine:
            cells = [_ours(figure, [t for t in mine if t["framework"] == framework]) for framework in frameworks]
            what = f"`{figure.autoencoder}`", figure.what, figure.text
            yield f"| {' | '.join([*what, *cells, _against(figure, mine), figure.differs])} |"


def _ours(figure: Published, trials: Trials) -> str:
    """The last epochs' means over the seeds, and the range of the last over the seeds."""
    if not trials:
        return "–"
    epochs = _epochs(figure, trials)[:, -SHOWN_EPOCHS:]
    last = epochs[:, -1]
    means = " ".join(_short(value) for value in epochs.mean(axis=0))
    return means if len(last) == 1 else f"{means} ({_short(last.min())} to {_short(last.max())})"


def _epochs(figure: Published, trials: Trials) -> Float64:
    """What we have of a published series, (trainings, epochs); of a metric only the end."""
    if figure.phase:
        return np.array([t["curves"][figure.phase][figure.term] for t in trials], np.float64)
    return np.array([[t["metrics"][figure.term]["value"]] for t in trials], np.float64)


def _against(figure: Published, trials: Trials) -> str:
    """The published over our mean, epoch by epoch as far as both go; of a range, whether our end lies within it."""
    ours = _epochs(figure, trials).mean(axis=0)
    if figure.kind == "range":
        low, high = figure.values
        return "ours below" if ours[-1] < low else "ours above" if ours[-1] > high else "ours within"
    alike = min(len(ours), len(figure.values))
    at_the_end = figure.kind == "end" or len(ours) == 1
    theirs, ours = (figure.values[-1:], ours[-1:]) if at_the_end else (figure.values[:alike], ours[:alike])
    return " ".join(f"{a / b:.2f}" for a, b in zip(theirs, ours, strict=True))


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4f}"


def _margins(found: Sequence[Row]) -> Iterator[str]:
    """Every margin with its reason."""
    for margin, unit in dict.fromkeys((row.margin, row.unit) for row in found if row.margin):
        size = f"{margin.value:.0%} of each pair's mean" if margin.relative else f"{margin.value:g} {unit}"
        # `nats, 200 images` and `nats an image` share a margin, whose unit is nats.
        yield f"{size.replace(' an image', '').split(',')[0]}: {margin.reason}"
