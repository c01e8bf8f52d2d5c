"""Three tools that judge whether a commit is slower: each is called as its users call it, and its own verdict is read.

Asked is the same of all: whether training and inference (`reconstruct`, batches of 150) of one autoencoder got slower.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from aebench.comparison.findings import speeds
from aebench.comparison.outcomes import outcomes
from aebench.records import documents
from aebench.records.capture import version_of
from aebench.records.comparisons import Comparison
from aebench.records.fields import checked
from aebench.records.machine import machine

from .planted import check_out

PACKAGES = ("aebench", "torch", "tensorflow-cpu", "asv", "pytest-benchmark", "numpy")
ROWS = ("training", "inference")
SLOWER, NOT_SLOWER, FAILED = "slower", "not slower", "failed"
ASV_ROWS = {"training": "training.Warm.time_epoch", "inference": "inference.Reconstruct.time_round"}
ASV_LINE = re.compile(r"^\|\s*(?P<mark>[-+!])\s*\|[^\n]*\|\s*(?P<name>[a-z]\w+\.[\w.]+)\(", re.MULTILINE)
ASV_ENDS = ("BENCHMARKS NOT SIGNIFICANTLY CHANGED", "SOME BENCHMARKS HAVE CHANGED SIGNIFICANTLY")
ASV_ROW_FAILED = 2  # asv's status
PYTEST_ROWS = {"training": "test_training[", "inference": "test_reconstruction["}
PYTEST_LINE = re.compile(r"^\s*(?P<name>test_\w+\[)[^\n]* has failed ", re.MULTILINE)


@dataclass(frozen=True)
class Settings:
    """What is asked, and how asv and pytest-benchmark are set.

    factor: how much more they take for slower. Both judge by one threshold; half-way to the slow-down that must be
    found errs as rarely in either direction as one threshold can. rounds: processes of a row, by asv.
    """

    autoencoder: str
    framework: str
    factor: float
    rounds: int


def about(settings: Settings, base: str) -> dict[str, Any]:
    """What a file of verdicts says of how they came about."""
    versions = {name: found for name in PACKAGES if (found := version_of(name))}
    return {
        "base": base, "settings": asdict(settings), "python": platform.python_version(), "versions": versions,
        "machine": {"processor": machine().processor, "cores": machine().cores},
    }  # fmt: skip


def known(path: Path, settings: Settings) -> dict[str, Any] | None:
    """What the file holds from before; None where there is none. A click.ClickException where it was set otherwise."""
    if not path.exists():
        return None
    before: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if before["settings"] != asdict(settings):
        raise click.ClickException(f"{path} holds calls with other settings; choose another --output")
    return before


def aebench(settings: Settings, clone: Path, base: str, head: str, folder: Path) -> dict[str, str]:
    """By `aebench compare`, which judges first epochs and the import as well."""
    _called(clone, "aebench", "compare", base, head, settings.autoencoder, "-f", settings.framework, "--only", "speed",
            "-o", str(folder), keep=folder / "compare.txt")  # fmt: skip
    found = _record(folder)
    said = {} if found is None else {it.row: it.verdict for it in outcomes(found)}
    return {row: said.get(row, FAILED) for row in ROWS}


def asv(settings: Settings, clone: Path, base: str, head: str, folder: Path) -> dict[str, str]:
    """By `asv continuous`, its commits interleaved."""
    who = rf"\('{settings.autoencoder}', '{settings.framework}', 'cpu'"
    rows = (f"{ASV_ROWS['training']}{who}", rf"{ASV_ROWS['inference']}{who}, 150\)")
    status, said = _called(
        clone, "asv", "continuous", "--interleave-rounds", "-a", f"rounds={settings.rounds}", "--factor",
        f"{1 + settings.factor:g}", *(word for row in rows for word in ("--bench", row)), base, head,
        keep=folder / "asv.txt",
    )  # fmt: skip
    return asv_verdicts(status, said)


def asv_verdicts(status: int, said: str) -> dict[str, str]:
    """What asv says of each row, in words. It lists those that changed, and says at the end whether any did; a row that
    fails in both commits is neither listed nor told, but for the status."""
    ended = status != ASV_ROW_FAILED and any(words in said for words in ASV_ENDS)
    marks = {found["name"]: found["mark"] for found in ASV_LINE.finditer(said)} if ended else {}
    words = {"+": SLOWER, "-": "faster", "!": FAILED}
    timed = {row: ended and name in said for row, name in ASV_ROWS.items()}
    return {row: words.get(marks.get(ASV_ROWS[row], ""), NOT_SLOWER) if timed[row] else FAILED for row in ROWS}


def pytest_benchmark(settings: Settings, clone: Path, base: str, head: str, folder: Path) -> dict[str, str]:
    """By `pytest --benchmark`, each commit with its own checkout, and `--benchmark-compare-fail`."""
    common = (
        "--benchmark", "--autoencoders", settings.autoencoder, "--frameworks", settings.framework, "--seeds", "0",
        "-k", "150 or not test_reconstruction", "-p", "no:cacheprovider", f"--benchmark-storage={folder / 'storage'}",
    )  # fmt: skip
    judged = ("--benchmark-compare", f"--benchmark-compare-fail=median:{settings.factor:.0%}")
    said = ""
    for commit, words in ((base, ("--benchmark-save=base",)), (head, judged)):
        check_out(clone, commit)
        keep = folder / f"pytest-{commit[:8]}.txt"
        _, said = _called(clone, "pytest", *common, *words, keep=keep)
    return pytest_verdicts(said)


def pytest_verdicts(said: str) -> dict[str, str]:
    """What pytest-benchmark says of each row, in words: it names those that are slower, and only those."""
    slower = {found["name"] for found in PYTEST_LINE.finditer(said)}
    ended = re.search(r"\b\d+ passed\b", said) and not re.search(r"\b\d+ (failed|error)", said)
    return {row: SLOWER if name in slower else NOT_SLOWER if ended else FAILED for row, name in PYTEST_ROWS.items()}


def seconds_after(folder: Path) -> float:
    """Seconds of the blocks that `aebench compare` measured after the rows that all tools are asked for were decided,
    for the sake of first epochs and the import; of a call that left no record none."""
    found = _record(folder)
    if found is None:
        return 0.0
    (sides,) = found.pairs
    needed = max(verdict.blocks for row, verdict in speeds(found, sides).items() if row.measure in ROWS)
    compared = [number for number, block in enumerate(found.blocks) if not block.control]
    return sum(block.seconds for block in found.blocks[compared[needed - 1] + 1 :])


def _record(folder: Path) -> Comparison | None:
    """What `aebench compare` left in the folder."""
    content = documents.read_if_there(folder / "comparison.json", "comparison")
    return None if content is None else checked(content, Comparison)


TOOLS = {"aebench": aebench, "asv": asv, "pytest-benchmark": pytest_benchmark}


def _called(clone: Path, module: str, *arguments: str, keep: Path | None = None) -> tuple[int, str]:
    """The command's status, and what it says on both streams."""
    pins: Mapping[str, str] = {"PIP_CONSTRAINT": str(clone / "constraints.txt")} if module == "asv" else {}
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        command, cwd=clone, env={**os.environ, **pins}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if keep is not None:
        keep.parent.mkdir(parents=True, exist_ok=True)
        keep.write_text(done.stdout, encoding="utf-8")
    return done.returncode, done.stdout
