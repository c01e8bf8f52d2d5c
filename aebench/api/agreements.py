"""How closely frameworks agree: `aebench agree` from Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from aebench import data
from aebench.api import asking
from aebench.api.shown import Part, Shown, Table, headed, lines, printed
from aebench.errors import UsageError
from aebench.processes.executors import find
from aebench.processes.temporary import scratch
from aebench.report import agreement as report
from aebench.report.frames.agreements import ladders as frames
from aebench.running import ladders
from aebench.running.options import DTYPES, Options


@dataclass(frozen=True, repr=False)
class Agreement(Shown):
    """Every pair of frameworks, compared rung by rung. document: `agreements` and `failures`, as records hold them.

    `print` shows what `aebench agree` prints.
    """

    document: Mapping[str, Any]

    @property
    def verdict(self) -> str:
        """The outcome in one sentence."""
        return report.verdict(self.document)

    @property
    def agrees(self) -> bool:
        """Whether everything was compared, and nothing parts or is judged by a rung that lets anything through."""
        return bool(self.document["agreements"]) and not report.at_fault(self.document)

    @property
    def pairs(self) -> Table:
        """A row for each pair of frameworks and dtype: the first place where they part, if they do."""
        return Table(self._frames()["agreements"])

    @property
    def rungs(self) -> Table:
        """A row for each pair, dtype and rung: the largest difference, the bound, and what the rung would show."""
        return Table(self._frames()["rungs"])

    def _frames(self) -> dict[str, Any]:
        return {it.name: it for it in frames(self.document["agreements"], self.document["failures"])}

    def parts(self) -> Iterator[Part]:
        """The verdict, what was compared, what is wrong, and the least headroom of each autoencoder and dtype."""
        rows = self.document["agreements"]
        compared = [report.compared(rows)] if rows else []
        table = [report.overview(rows)] if rows else []
        return headed(self.verdict, lines([*compared, *report.wrong(self.document)]), table)

    def __str__(self) -> str:
        return printed(partial(report.print_agreements, self.document))


def agree(
    names: asking.Names = (), *, frameworks: asking.Names = (), dtype: Literal["float64", "float32", "both"] = "both",
    steps: int = 10, teacher_forced: bool = False, dataset: str = "digits", data_dir: str | None = None,
    schedule: str = "quick", seeds: asking.Seeds = 0, device: str = "cpu", output: Path | str | None = None,
    executor: str | None = None, told: asking.Say | None = None,
) -> Agreement:  # fmt: skip
    """Climb the agreement ladder with every pair of frameworks, as `aebench agree` does; the reference judges.

    names, frameworks: as of `aebench.api.run`. steps: training steps of each phase. teacher_forced: each step begins
    with the reference's parameters and optimiser state. output: folder for `agreements.json`, in which what was climbed
    before is not climbed again, and for what the frameworks say themselves; without one nothing of that is
    left. The rest: as of `aebench.api.run`.

    Raises:
        UsageError: options that make no sense, or the folder holds climbs of another kind.
        UnknownNameError: an autoencoder, a framework or a data set is not known.
        AebenchError: a framework, a device, an executor or the data cannot be had.
    """
    dtypes = tuple(it for it in DTYPES if dtype in ("both", it))
    if not dtypes:
        raise UsageError(f"dtype: '{dtype}' is not one of 'float64', 'float32', 'both'")
    steps = asking.number(steps, "steps", least=1)
    target = None if output is None else asking.folder(output)
    data.check(dataset)
    asked = Options(
        asking.autoencoders(names), asking.frameworks(frameworks), dataset, data_dir, schedule,
        asking.whole(seeds, "seeds"), device,
    )  # fmt: skip
    options, climb = ladders.asked_for(asked, steps)
    with scratch() as folder:
        return Agreement(ladders.agreements(
            options, climb, dtypes, target or folder, asking.listener(told), forced=teacher_forced,
            keep_traces=False, executor=find(executor) if executor else None,
            logs=target and target / "logs",
        ))  # fmt: skip
