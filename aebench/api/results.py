"""Trainings and what came of them: `aebench run`, `aebench quality` and `aebench plot` from Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aebench import data, registry
from aebench.api import asking
from aebench.api.agreements import Agreement
from aebench.api.shown import Part, Shown, Table, headed, lines, printed
from aebench.arrays import Dtype
from aebench.errors import ResultError, UnknownNameError, UsageError
from aebench.processes.executors import find
from aebench.quality.table import Row, rows
from aebench.records.baselines import together
from aebench.records.opened import Opened, opened
from aebench.report import gallery, summary, verdict
from aebench.report import quality as qualities
from aebench.report.frames import frames
from aebench.report.gallery import Missing, Picture
from aebench.report.gallery.material import listed
from aebench.report.html.writing import write
from aebench.running.options import Options, new_folder, with_defaults
from aebench.running.resume import planned
from aebench.running.run import Run


@dataclass(frozen=True, repr=False)
class Quality(Shown):
    """Every metric over the seeds, and whether frameworks end equally well. `print` shows what `aebench quality` does.

    found: a row for each metric of each autoencoder.
    """

    found: Sequence[Row]

    @property
    def verdict(self) -> str:
        """What is different, equivalent and undecided, over how many seeds, in one sentence."""
        return qualities.sentence(self.found)

    def of(self, autoencoder: str) -> Quality:
        """The rows of one autoencoder."""
        return Quality([row for row in self.found if row.autoencoder == autoencoder])

    def parts(self) -> Iterator[Part]:
        """The verdict, what differs, and a table for each autoencoder."""
        wrong = [*qualities.differences(self.found), *qualities.mixed(self.found)]
        return headed(self.verdict, lines(wrong), qualities.tables(self.found))

    def __str__(self) -> str:
        return printed(partial(qualities.print_quality, self.found))


@dataclass(frozen=True, repr=False)
class Result(Shown):
    """A run: its trainings, its agreement, its pictures. folder: where it lies; document: its `result.json`.

    It shows its verdict, what is wrong, and a row for each autoencoder; `print` shows what `aebench run` prints, which
    says besides how fast the frameworks were.
    """

    folder: Path
    document: Mapping[str, Any]

    @property
    def complete(self) -> bool:
        """Whether no training is missing; one that failed is not."""
        return bool(self.document["complete"])

    @property
    def verdict(self) -> str:
        """Who agrees, what failed, and the verdicts on quality where there are several seeds."""
        return " ".join(verdict.sentences(self.document, self._verdicts()))

    @property
    def agreement(self) -> Agreement:
        """How closely the frameworks agree; nothing was compared where that was not asked for."""
        return Agreement(self.document)

    @property
    def quality(self) -> Quality:
        """Every metric, and whether frameworks end equally well over the seeds."""
        return Quality(rows(self.document["trials"]))

    def metrics(self, autoencoder: str | None = None) -> Table:
        """Every metric of every training, or of those of one autoencoder: value, unit, and what is better.

        Raises:
            UnknownNameError: the run has no such autoencoder.
        """
        found = self.table("metrics")
        if autoencoder is None:
            return found
        self._trials(autoencoder)
        return found.of(autoencoder)

    def table(self, name: str) -> Table:
        """One of the tables that `aebench export` makes of a run, such as "epochs" or "losses".

        Raises:
            UnknownNameError: there is no such table; says which there are.
        """
        known = {frame.name: frame for frame in frames("run", self.document)}
        if name not in known:
            raise UnknownNameError("table", name, known)
        return Table(known[name])

    def headline(self, autoencoder: str) -> str:
        """The one metric that stands for the autoencoder's quality on test data, in every framework, as a sentence.

        Raises:
            UnknownNameError: the run has no such autoencoder.
        """
        measures, trials = registry.autoencoder(autoencoder).measures, self._trials(autoencoder)
        of = {name: [t for t in trials if t["framework"] == name] for name in self.document["options"]["frameworks"]}
        values = [f"{summary.headline(mine, measures.headline)} in {name}" for name, mine in of.items() if mine]
        found = [t["metrics"][measures.headline] for t in trials if measures.headline in t.get("metrics", ())]
        said = {f"; {it['better']} is better" for it in found if it["better"] in ("lower", "higher")}
        return f"{autoencoder} on test data ({measures.label}): {listed(values)}{''.join(said)}."

    def pictures(self, name: str = "*") -> list[Picture | Missing]:
        """The pictures of an autoencoder, or those that a pattern such as "*/features" fits; what is missing, and why.

        Raises:
            UnknownNameError: no picture is called so.
            ResultError: the run's files cannot be read.
        """
        return gallery.chosen(gallery.pictures(self.folder), name)

    def picture(self, name: str) -> Picture:
        """One picture, such as "sparse/features", which a notebook shows, and which `save` writes as PNG or SVG.

        Raises:
            UnknownNameError: no picture is called so.
            ResultError: it is missing; says why.
            UsageError: several are called so.
        """
        found = gallery.drawable(self.pictures(name))
        if len(found) > 1:
            raise UsageError(f"'{name}' fits {len(found)} pictures: {', '.join(it.name for it in found)}; name one")
        return found[0]

    def report(self, path: Path | str | None = None) -> Path:
        """Write the report of `aebench report`, one HTML file; its path. path: default: `report.html` in the folder.

        Raises:
            UsageError: its name does not end in .html.
            UnwritableError: it cannot be written.
        """
        target = self.folder / "report.html" if path is None else Path(path)
        write(opened([self.folder / "result.json"]), target)
        return target

    def parts(self) -> Iterator[Part]:
        """The verdict, what is wrong, and a row for each autoencoder."""
        table = summary.table(self.document, speed=False)
        return headed(self.verdict, lines(summary.problems(self.document)), [table])

    def __str__(self) -> str:
        return printed(lambda screen: summary.print_run(self.document, screen, self._verdicts()))

    def _verdicts(self) -> list[str]:
        several = len(self.document["options"]["seeds"]) > 1
        return [pair.verdict for row in self.quality.found for pair in row.pairs] if several else []

    def _trials(self, autoencoder: str) -> list[Mapping[str, Any]]:
        found = [trial for trial in self.document["trials"] if trial["autoencoder"] == autoencoder]
        if not found:
            known = dict.fromkeys(trial["autoencoder"] for trial in self.document["trials"])
            raise UnknownNameError(f"autoencoder of {self.folder}", autoencoder, known)
        return found


def run(
    names: asking.Names = (), *, frameworks: asking.Names = (), dataset: str = "digits", schedule: str = "quick",
    seeds: asking.Seeds = 0, dtype: Dtype = "float32", agreement: bool = True, data_dir: str | None = None,
    device: str = "cpu", importance_samples: Sequence[int] = (), output: Path | str | None = None,
    executor: str | None = None, told: asking.Say | None = None,
) -> Result:  # fmt: skip
    """Train autoencoders, measure them and compare frameworks, as `aebench run` does, in processes of their own.

    names: autoencoders, or patterns such as "layerwise_*"; default: all. frameworks: such as "tensorflow" or
    "pytorch-compiled@old"; default: all that are installed but the reference, which judges. schedule: "quick" or
    "source". seeds: each is a training. agreement: whether the ladder is climbed first. importance_samples: codings an
    image for the variational bound. output: a new or empty folder; default: one under results/runs. executor: trains
    elsewhere. told: gets a line for each piece of work that is done, such as `print`; default: nobody does. What is
    broken off is gone on with by `resume`.

    Raises:
        UsageError: options that make no sense, or the folder is not empty.
        UnknownNameError: an autoencoder, a framework or a data set is not known.
        AebenchError: a framework, a device, an executor or the data cannot be had. A training that fails raises
            nothing: it is a row with its reason.
    """
    data.check(dataset)
    asked = Options(
        asking.autoencoders(names), asking.frameworks(frameworks), dataset, data_dir, schedule,
        asking.whole(seeds, "seeds"), device, dtype, agreement, asking.whole(importance_samples, "importance samples"),
    )  # fmt: skip
    options = with_defaults(asked, arbiter=False)
    folder = new_folder(options.dataset, options.schedule) if output is None else asking.folder(output)
    return _executed(Run(options, folder, asking.listener(told)), executor, resume=False)


def resume(
    output: Path | str, names: asking.Names = (), *, frameworks: asking.Names = (), seeds: asking.Seeds = (),
    data_dir: str | None = None, executor: str | None = None, told: asking.Say | None = None,
) -> Result:  # fmt: skip
    """Go on with the run in a folder, as `aebench run --resume` does; what was finished is not done again.

    names, frameworks, seeds: come to those that the run was begun with. data_dir: where the data are now.

    Raises:
        ResultError: there is no run, or it is damaged.
        UsageError: it was measured under other conditions.
    """
    asked = {
        "autoencoders": asking.autoencoders(names), "frameworks": asking.frameworks(frameworks),
        "seeds": asking.whole(seeds, "seeds"), **({"data_dir": data_dir} if data_dir else {}),
    }  # fmt: skip
    folder = asking.folder(output)
    return _executed(Run(planned(folder, asked), folder, asking.listener(told)), executor, resume=True)


def _executed(begun: Run, executor: str | None, *, resume: bool) -> Result:
    """Train what is missing; what is then on record."""
    begun.execute(resume=resume, executor=find(executor) if executor else None)
    return result(begun.folder)


def result(folder: Path | str) -> Result:
    """What a run left, read from its folder or its `result.json`.

    Raises:
        ResultError: there is none, nothing of it is finished, or it is damaged.
    """
    (found,) = opened([Path(folder)])[:1]
    if not isinstance(found, Opened):
        raise ResultError(found.why)
    if found.kind != "run":
        raise ResultError(f"{found.path} is a record of the kind {found.kind}; expected a run's folder")
    return Result(found.folder, found.content)


def quality(*runs: Result | Path | str) -> Quality:
    """Every metric of runs or baselines read as one, as `aebench quality` shows it: seeds may be spread over runs.

    Raises:
        UsageError: none is named, a trial stands in two of them, or they were measured under other conditions.
        ResultError: one is missing, damaged or of another format version.
    """
    if not runs:
        raise UsageError("quality needs a run, its folder, or a baseline, one at least")
    paths = [run.folder if isinstance(run, Result) else Path(run) for run in runs]
    return Quality(rows(together(paths)))
