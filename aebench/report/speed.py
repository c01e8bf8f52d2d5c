"""What `aebench bench` says: who takes how long, as a share of the ceiling and against each peer, with the spread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from rich.console import Console

from aebench.report.plots import logarithmic, plain
from aebench.report.sheet import INK, LABEL, figure
from aebench.report.summary import print_problems
from aebench.report.tables import Column, Table
from aebench.speed.rounds import Interval, interval, ratio

EXPLANATION = (
    "ms: per 1,000 images, median of the rounds, all in turn; in brackets half the median's 95 % interval. of ceiling: "
    "matrix products of the fastest library plus the optimiser's way through memory, over the time taken. × NAME: how "
    "many times as fast as that. compile: first round less a warm one. Ratios are taken round by round."
)

Case = Mapping[str, Any]
ROUNDS = "seconds_per_1000_images"


def print_bench(cases: Sequence[Case], console: Console) -> None:
    """A table for each case, and below it what failed and whether the intervals are narrow enough."""
    for case in cases:
        _table(case).print(console)
        if case["ceiling"]:
            names = " and ".join(f"{kind} by {name}" for kind, name in case["ceiling"]["libraries"].items())
            console.print(f"ceiling: {names}", style="dim", markup=False)
        for subject in case["subjects"]:
            if "failure" in subject:
                print_problems([f"failed: {subject['name']}: {subject['failure']}"], console)
            for lost in subject.get("lost", ()):
                console.print(f"timed again: {subject['name']}, {lost}", style="yellow", markup=False, soft_wrap=True)
        if not case["narrow"]:
            console.print("[yellow]not narrow:[/yellow] the intervals are wider than asked for; give it more --rounds")
    console.print(EXPLANATION, style="dim")


def title(case: Case) -> str:
    """What was timed."""
    use = f"{case['use']}, batch {case['batch']:,}" if case["use"] else "training"
    batch = f", batch {case['batch']:,}" if case["batch"] and not case["use"] else ""
    return f"{case['autoencoder']}: {use}{batch}" + (f", width {case['width']:g}" if case["width"] != 1 else "")


def _table(case: Case) -> Table:
    timed = _timed(case)
    against = [s for s in timed if s["kind"] == "peer"] or timed[:1]
    columns = ["ms/1,000", "of ceiling", *(f"× {s['name']}" for s in against), "compile s", "import s", "memory MiB"]
    table = Table(title(case), [Column(""), *(Column(name, right=True) for name in columns)])
    for subject in timed:
        table.add(*_cells(subject, case["ceiling"], against))
    if case["ceiling"]:
        table.add("ceiling", _milliseconds(case["ceiling"]))
    return table


def _cells(subject: Case, top: Case | None, against: Sequence[Case]) -> Iterator[str]:
    yield subject["name"]
    yield _milliseconds(subject)
    yield _share(ratio(top[ROUNDS], subject[ROUNDS])) if top else "–"
    for other in against:
        yield "" if other is subject else _share(ratio(other[ROUNDS], subject[ROUNDS]))
    yield f"{subject['compile_seconds']:.1f}"
    yield f"{subject['import_seconds']:.1f}" if "import_seconds" in subject else "–"
    yield f"{subject['peak_bytes'] / 2**20:,.0f}" if subject.get("peak_bytes") is not None else "–"


def _milliseconds(timed: Case) -> str:
    found = interval([1000 * value for value in timed[ROUNDS]])
    return f"{found.median:.3g} (±{100 * found.spread:.0f} %)"


def _share(found: Interval) -> str:
    return f"{found.median:.2f} ({found.low:.2f} … {found.high:.2f})"


def draw(cases: Sequence[Case], path: Path) -> Path | None:
    """Share of the ceiling against batch size or width, a panel for each autoencoder; None where neither varies."""
    axis = next((key for key in ("batch", "width") if len({case[key] for case in cases}) > 1), None)
    names = list(dict.fromkeys((case["autoencoder"], case["use"]) for case in cases))
    if axis is None:
        return None
    with figure(path, 560 * len(names), 520) as drawn:
        for axes, (name, use) in zip(drawn.subplots(1, len(names), squeeze=False, sharey=True)[0], names, strict=True):
            mine = [case for case in cases if (case["autoencoder"], case["use"]) == (name, use) and case["ceiling"]]
            _panel(axes, mine, axis)
            axes.set_title(f"{name}: {use or 'training'}", fontsize=LABEL)
            axes.set_xlabel({"batch": "images in a batch", "width": "width, as a factor of every hidden layer"}[axis])
        drawn.subplots_adjust(left=0.12, right=0.98, bottom=0.14, top=0.92)
        # Last: the panels share this scale, and a limit that is set ends its growth.
        drawn.axes[0].set_ylim(bottom=0)
        drawn.axes[0].set_ylabel("share of the ceiling")
        drawn.axes[0].legend(frameon=False, fontsize=LABEL)
    return path


def _panel(axes: Axes, cases: Sequence[Case], axis: str) -> None:
    """A line for each subject through its medians, and a band of their intervals."""
    plain(axes)
    for who in dict.fromkeys(subject["name"] for case in cases for subject in _timed(case)):
        mine = [(case, subject) for case in cases for subject in _timed(case) if subject["name"] == who]
        points = sorted((case[axis], *ratio(case["ceiling"][ROUNDS], subject[ROUNDS])) for case, subject in mine)
        at, middle, low, high = zip(*points, strict=True)
        axes.plot(at, middle, marker="o", markersize=4, label=who)
        axes.fill_between(at, low, high, alpha=0.15)
    axes.axhline(1.0, color=INK, linewidth=0.8, linestyle=":")
    logarithmic(axes, sorted({case[axis] for case in cases}))


def _timed(case: Case) -> list[Case]:
    """Frameworks and peers with numbers."""
    return [s for s in case["subjects"] if s["kind"] in ("framework", "peer") and "failure" not in s]
