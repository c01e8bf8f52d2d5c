"""What `aebench bench` says: who takes how long, as a share of the ceiling and against each peer, with the spread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from rich.console import Console

from aebench.records.measurements import Case
from aebench.report.plots import logarithmic, plain
from aebench.report.sheet import INK, LABEL, figure
from aebench.report.summary import print_problems
from aebench.report.tables import Column, Table
from aebench.speed import shares
from aebench.speed.shares import CEILING, Interval, Key

EXPLANATION = (
    "ms: per 1,000 images, mean of the blocks, each of fresh processes in turn; in brackets half its 95 % interval. of "
    "ceiling: matrix products of the fastest library plus the optimiser's way through memory, over the time taken. "
    "× NAME: how many times as fast as that. compile: first round less a warm one; what this machine has compiled "
    "before is not compiled again. memory: most that the process has held."
)


def print_bench(cases: Sequence[Case], console: Console) -> None:
    """A table for each case, and below it whose libraries the ceiling is, what failed and what was lost."""
    for case in cases:
        _table(case).print(console)
        if libraries := shares.libraries(case):
            names = " and ".join(f"{part} by {name}" for part, name in libraries.items())
            console.print(f"ceiling: {names}", style="dim", markup=False)
        for key, why in shares.failures(case).items():
            print_problems([f"failed: {key[0]}: {why}"], console)
        for why in shares.lost(case):
            console.print(f"lost: {why}", style="yellow", markup=False, soft_wrap=True)
    console.print(EXPLANATION, style="dim")


def title(case: Case) -> str:
    """What was timed."""
    use = f"{case.use}, batch {case.batch:,}" if case.use else "training"
    batch = f", batch {case.batch:,}" if case.batch and not case.use else ""
    return f"{case.autoencoder}: {use}{batch}" + (f", width {case.width:g}" if float(case.width) != 1.0 else "")


def _table(case: Case) -> Table:
    timed = shares.compared(case)
    against = [key for key in timed if key[1] == "peer"] or timed[:1]
    columns = ["ms/1,000", "of ceiling", *(f"× {key[0]}" for key in against), "compile s", "import s", "memory MiB"]
    table = Table(title(case), [Column(""), *(Column(name, right=True) for name in columns)])
    for key in timed:
        table.add(*_cells(case, key, against))
    if top := shares.seconds(case, CEILING):
        table.add("ceiling", _milliseconds(top))
    return table


def _cells(case: Case, key: Key, against: Sequence[Key]) -> Iterator[str]:
    yield key[0]
    yield _milliseconds(shares.seconds(case, key))
    yield _share(shares.ratio(case, CEILING, key))
    for other in against:
        yield "" if other == key else _share(shares.ratio(case, other, key))
    timed = shares.of(case, key)
    works = [shares.work(case, it) for it in timed]
    yield _median([max(0.0, work.warm_up[0] - float(np.median(work.rounds))) for work in works], ".1f")
    yield _median([float(it.import_seconds) for it in timed if isinstance(it.import_seconds, float)], ".1f")
    yield _median([it.peak_bytes / 2**20 for it in timed if isinstance(it.peak_bytes, int)], ",.0f")


def _median(values: Sequence[float], form: str) -> str:
    return format(float(np.median(values)), form) if values else "–"


def _milliseconds(found: Interval | None) -> str:
    if found is None:
        return "–"
    spread = f" (±{100 * found.spread:.0f} %)" if np.isfinite(found.high) else ""
    return f"{1000 * found.middle:.3g}{spread}"


def _share(found: Interval | None) -> str:
    if found is None:
        return "–"
    return f"{found.middle:.2f}" + (f" ({found.low:.2f} … {found.high:.2f})" if np.isfinite(found.high) else "")


def draw(cases: Sequence[Case], path: Path) -> Path | None:
    """Share of the ceiling against batch size or width, a panel for each autoencoder; None where neither varies."""
    axis = next((key for key in ("batch", "width") if len({getattr(case, key) for case in cases}) > 1), None)
    names = list(dict.fromkeys((case.autoencoder, case.use) for case in cases))
    if axis is None:
        return None
    with figure(path, 560 * len(names), 520) as drawn:
        for axes, (name, use) in zip(drawn.subplots(1, len(names), squeeze=False, sharey=True)[0], names, strict=True):
            _panel(axes, [case for case in cases if (case.autoencoder, case.use) == (name, use)], axis)
            axes.set_title(f"{name}: {use or 'training'}", fontsize=LABEL)
            axes.set_xlabel({"batch": "images in a batch", "width": "width, as a factor of every hidden layer"}[axis])
        drawn.subplots_adjust(left=0.12, right=0.98, bottom=0.14, top=0.92)
        # Last: the panels share this scale, and a limit that is set ends its growth.
        drawn.axes[0].set_ylim(bottom=0)
        drawn.axes[0].set_ylabel("share of the ceiling")
        drawn.axes[0].legend(frameon=False, fontsize=LABEL)
    return path


def _panel(axes: Axes, cases: Sequence[Case], axis: str) -> None:
    """A line for each subject through its means, and a band of their intervals."""
    plain(axes)
    for key in dict.fromkeys(key for case in cases for key in shares.compared(case)):
        found = [(getattr(case, axis), share) for case in cases if (share := shares.ratio(case, CEILING, key))]
        if not found:
            continue
        at, middle, low, high = zip(*sorted((where, *share) for where, share in found), strict=True)
        axes.plot(at, middle, marker="o", markersize=4, label=key[0])
        axes.fill_between(at, low, high, alpha=0.15)
    axes.axhline(1.0, color=INK, linewidth=0.8, linestyle=":")
    logarithmic(axes, sorted({getattr(case, axis) for case in cases}))
