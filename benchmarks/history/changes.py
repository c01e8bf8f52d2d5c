"""Where a row changed for good, by two who look for it in different ways: asv's steps and otava's change points.

asv fits a piecewise constant curve whose number of steps a penalty chooses; otava (E-divisive means, with a test of
significance) looks for places where the values before and after are not of one distribution. Either alone calls noise
a change now and then; what both see, within one commit, is told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .published import PublishedError, Row

# It pins NumPy to a version of its own, so it gets an environment of its own.
OTAVA = "apache-otava==0.8.0"
PROGRAM = Path(__file__).with_name("otava_points.py")
FEWEST = 6  # values: of fewer no place parts two groups that could be told from luck


@dataclass(frozen=True)
class Change:
    """From one level to another. commit: the first one at the new level. before, after: the means, in the row's unit.

    p: of otava's test that nothing changed there. n_before, n_after: how many values each mean is of.
    """

    row: str
    commit: str
    before: float
    after: float
    p: float
    n_before: int
    n_after: int

    @property
    def share(self) -> float:
        """By what part of the level before; below 0 where the level after is less."""
        return self.after / self.before - 1


def confirmed(rows: Sequence[Row], environment: Path, least: float) -> list[Change]:
    """The changes that asv and otava both see, the largest first. least: what is smaller, as a share, is left out.

    Raises:
        PublishedError: otava cannot be installed, or fails.
    """
    long = [row for row in rows if len(row.values) >= FEWEST]
    points = _points(long, environment) if long else {}
    found = [change for row in long for change in _of_row(row, points[row.name], least)]
    return sorted(found, key=lambda change: -abs(change.share))


def _of_row(row: Row, points: Sequence[Mapping[str, float]], least: float) -> list[Change]:
    """The row's changes; the levels are the means between one change point and the next."""
    from asv.step_detect import detect_steps

    steps = [left for left, *_ in detect_steps(list(row.values))[1:]]
    places = [(int(point["index"]), point["p"]) for point in points]
    ends = [0, *(index for index, _ in places), len(row.values)]
    found = []
    for number, (index, p) in enumerate(places):
        before, after = row.values[ends[number] : index], row.values[index : ends[number + 2]]
        means = sum(before) / len(before), sum(after) / len(after)
        change = Change(row.name, row.commits[index], *means, p, len(before), len(after))
        if any(abs(step - index) <= 1 for step in steps) and change.before > 0 and abs(change.share) >= least:
            found.append(change)
    return found


def _points(rows: Sequence[Row], environment: Path) -> dict[str, list[dict[str, float]]]:
    """Otava's change points of each row: the index of the first value after, and p."""
    asked = json.dumps({row.name: list(row.values) for row in rows})
    done = subprocess.run(
        [_interpreter(environment), str(PROGRAM)], input=asked, text=True, capture_output=True, check=False
    )
    if done.returncode:
        raise PublishedError(f"otava failed in {environment}: {last_line(done)}; delete that folder")
    found: dict[str, list[dict[str, float]]] = json.loads(done.stdout)
    return found


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """Why a program failed, in the last line that it wrote."""
    return (done.stderr.strip().splitlines() or ["no reason given"])[-1]


def _interpreter(environment: Path) -> str:
    """That of otava's environment, which is made where it is not there."""
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (environment / "made").exists():
        print(f"Installing {OTAVA} into {environment}, once.", file=sys.stderr)
        # Pins of the project would not let it have its NumPy.
        free = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
        for command in (["-m", "venv", str(environment)], ["-m", "pip", "install", "-q", OTAVA]):
            program = sys.executable if command[1] == "venv" else str(python)
            done = subprocess.run([program, *command], env=free, text=True, capture_output=True, check=False)
            if done.returncode:
                raise PublishedError(f"{OTAVA} cannot be installed into {environment}: {last_line(done)}")
        (environment / "made").touch()
    return str(python)
