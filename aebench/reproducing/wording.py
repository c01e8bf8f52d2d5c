"""What a script says of itself at its top: what differs, how it is run, and where it was found."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aebench import __version__, registry
from aebench.counted import counted
from aebench.processes import environments
from aebench.processes.probing import described
from aebench.records.capture import WORKER_VARIABLES, variables
from aebench.registry import ARBITER
from aebench.reproducing.cases import Case, Kind
from aebench.reproducing.finding import Found
from aebench.reproducing.scripts import SCRIPT, WIDTH

WHAT: Mapping[Kind, str] = {
    "forward": "an activation", "losses": "a loss term", "gradients": "a gradient", "encode": "codings of images",
    "decode": "outputs for codings", "reconstruct": "reconstructions", "cached": "a layer computed once",
    "steps": "after training",
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """What is known of a reproduction.

    before, after: the case as it was found, and as it is written. differing: how the two sides differ in the latter.
    labels: what the script calls the subjects. able: those whose environments can run it.
    """

    finding: Found
    before: Case
    after: Case
    differing: str
    labels: Mapping[str, str]
    able: tuple[str, ...]

    def said(self, operation: str | None) -> str:
        """The text at the top of the script. operation: the first that differs, where that is known."""
        wrapped = (line if line.startswith(" ") else textwrap.fill(line, WIDTH) for line in self._lines(operation))
        lines = "\n".join(wrapped)
        # As the docstring that it becomes.
        return lines.replace("\\", "\\\\").replace('"""', "'''") + "\n"

    def _lines(self, operation: str | None) -> Iterator[str]:
        it, climb, case = self.finding, self.finding.climbed.climb, self.after
        how = "differ" if it.criterion == "moves" else "are further apart than rounding explains"
        yield f"{self.labels[it.bad]} and {self.labels[it.good]} {how}."
        yield ""
        yield f"Where: {case.array}, {WHAT[case.kind]}, in {case.dtype} on the {case.device}."
        yield f"How far: {self._renamed(self.differing)}"
        if operation is not None:
            yield f"The first operation that differs: {self._renamed(operation)}."
        yield ""
        for name in self.able:
            yield f"    pip install {_requirement(name)} numpy safetensors"
            shows = "1: the difference shows" if name == it.bad else "0: it does not show"
            yield f"    {_command(name)}   # ends with status {shows}"
        yield ""
        yield "With `--operations FILE` it leaves in FILE what every single operation gives, run eagerly."
        yield sizes(self.before, case)
        read = f"seed {climb.seed}, {it.climbed.dataset.name}"
        yield f"Found by aebench {__version__}: {climb.autoencoder.name}, {it.place.key}, {read}."

    def _renamed(self, text: str) -> str:
        """The text with the subjects called as in the script."""
        names = "|".join(map(re.escape, sorted(self.labels, key=len, reverse=True)))
        return re.sub(names, lambda found: self.labels[found[0]], text)


def labels(names: Mapping[str, object]) -> dict[str, str]:
    """What the script calls the subjects: package, version, and mode where it is not eager; the name where two would be
    called the same."""
    found = {name: _label(name) for name in names}
    twice = {called for called in found.values() if list(found.values()).count(called) > 1}
    return {name: f"{called} ({name})" if called in twice else called for name, called in found.items()}


def _label(name: str) -> str:
    if registry.plain(name) == ARBITER:
        return ARBITER
    subject = described(name)
    return f"{subject.package} {subject.version}" + (f", {subject.mode}" if subject.mode != "eager" else "")


def _requirement(name: str) -> str:
    """What pip installs of the subject's framework; a build, such as +cpu, is no part of it."""
    subject = described(name)
    return shlex.quote(f"{subject.package}=={(subject.version or '').partition('+')[0]}")


def _command(name: str) -> str:
    """The command that runs the script as the subject was run."""
    set_here = {n: value for n, value in variables().items() if n not in WORKER_VARIABLES}
    environment = environments.find(registry.environment(name))
    every = {**set_here, **dict(environment.variables)}
    return " ".join([*(f"{n}={shlex.quote(value)}" for n, value in every.items()), f"python {SCRIPT}"])


def sizes(before: Case, after: Case) -> str:
    """What became of a case, as a sentence."""
    one, other = size(before), size(after)
    return f"It could not be made smaller: {one}." if one == other else f"Made smaller: from {one} to {other}."


def size(case: Case) -> str:
    """How large a case is, in words."""
    layers = case.autoencoder.layers
    widths = "-".join(str(width) for width in (layers[0].n_inputs, *(layer.n_outputs for layer in layers)))
    steps = f"{counted(case.steps, 'step')}, " if case.steps else ""
    return f"{steps}{counted(case.rows, 'row')}, {widths}"
