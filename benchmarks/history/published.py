"""What `asv publish` wrote, as series: a row of the dashboard over the commits that were measured."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

COMMIT = re.compile(r"([0-9a-f]{8,40})-.+\.json")


class PublishedError(Exception):
    """There is no dashboard, or none that can be read."""


@dataclass(frozen=True)
class Row:
    """One curve. name: the benchmark, its parameters and, where there are several, machine and environment.

    commits, values: (n,) in the order of the history; a value that failed is not among them.
    """

    name: str
    commits: tuple[str, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Dashboard:
    """The folder, its rows, and every commit that it knows."""

    folder: Path
    rows: tuple[Row, ...]
    commits: frozenset[str]


def dashboard(folder: Path) -> Dashboard:
    """Read what was published.

    Raises:
        PublishedError: nothing was, or it is not what asv 0.6 writes.
    """
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        commits = index["revision_to_hash"]
        return Dashboard(folder, tuple(_rows(folder, index)), frozenset(commits.values()))
    except OSError as error:
        raise PublishedError(f"{folder} holds no dashboard ({error.strerror}); run asv publish") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PublishedError(f"{folder} is not as asv 0.6 writes it ({error!r}); run asv publish again") from error


def _rows(folder: Path, index: dict[str, Any]) -> Iterator[Row]:
    """Every curve: asv writes a file for each benchmark and environment, with one value for each set of parameters."""
    commits = index["revision_to_hash"]
    several = len(index["graph_param_list"]) > 1
    for path in sorted((folder / "graphs").rglob("*.json")):
        benchmark = index["benchmarks"].get(path.stem)
        where = path.parent.relative_to(folder / "graphs")
        if benchmark is None or where.parts[0] == "summary":
            continue
        points = json.loads(path.read_text(encoding="utf-8"))
        for number, words in enumerate(product(*benchmark["params"])):
            name = path.stem + (f"({', '.join(words)})" if words else "") + (f" in {where}" if several else "")
            told = [(commits[str(revision)], _value(value, number, bool(words))) for revision, value in points]
            kept = [(commit, value) for commit, value in told if math.isfinite(value)]
            if kept:
                yield Row(name, tuple(commit for commit, _ in kept), tuple(value for _, value in kept))


def _value(value: Any, number: int, parametrised: bool) -> float:
    """The value of one set of parameters; NaN where it failed or does not apply."""
    one = value[number] if parametrised and value is not None else value
    return math.nan if one is None else float(one)


def strays(results: Path, found: Dashboard) -> list[str]:
    """The commits that were measured and are on no branch that is published, so that no curve shows them."""
    names = (COMMIT.fullmatch(path.name) for path in sorted(results.glob("*/*.json")))
    measured = dict.fromkeys(match[1] for match in names if match)
    return [commit for commit in measured if not any(known.startswith(commit) for known in found.commits)]
