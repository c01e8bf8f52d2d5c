"""Comparisons for tests: records of base `old` against head `here` in PyTorch, made of rows and blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from aebench.comparison.sequential import Thresholds
from aebench.records.asked import Options
from aebench.records.blocks import Pair
from aebench.records.comparisons import Comparison, Limits, Numbers, Side, Sides
from aebench.records.conditions import Conditions, Harness, Machine, Subject
from aebench.records.fields import Float, checked

SIDES = Sides(framework="pytorch", base="pytorch@old", head="pytorch")


def record(*rows: Numbers, complete: bool = True, blocks: Sequence[Pair] = (), **others: Any) -> Comparison:
    """A comparison that holds those rows of numbers and those blocks of `linear`."""
    versions = dict(zip(SIDES.names, ("2.13.0", "2.14.1"), strict=True))
    subjects = {name: Subject(framework="pytorch", version=version) for name, version in versions.items()}
    limits = Limits(**{name: Float(value) for name, value in asdict(Thresholds()).items()})
    sides = [Side(name=name, said=name, python=None, variables={}) for name in ("old", "here")]
    others_asked = blocks or others.get("quality")
    asked = {"numbers": rows or not others_asked, "quality": others.get("quality"), "speed": blocks, "memory": blocks}
    content: dict[str, Any] = {
        "base": sides[0], "head": sides[1],
        "only": [part for part, asked in asked.items() if asked],
        "options": checked(OPTIONS, Options),
        "conditions": Conditions(aebench=Harness(), machine=Machine(), subjects=subjects),
        "pairs": [SIDES], "differences": [], "left_out": [], "complete": complete,
        "numbers": list(rows), "limits": limits, "timed": {"pytorch": ["linear"]}, "blocks": list(blocks), **others,
    }  # fmt: skip
    return Comparison(**content)


def climbed(dtype: str, verdict: str = "identical", rung: str = "gradients", **changes: Any) -> Numbers:
    """A climb of `linear` with two rungs, `init` and another one, which is as the verdict says: by half of its bound
    and three times as far from the reference where it moved."""
    odd = verdict if verdict in ("moved", "parted") else "identical"
    share = {"identical": 0.0, "moved": 0.5, "parted": 2.0}
    rungs = [
        {"rung": name, "verdict": it, "arrays": 2, "moved": int(it != "identical"), "place": f"all/{name}/0/codings",
         "relative": 1e-6 * share[it], "share": share[it], "base": 0.1, "head": 0.1 + 0.4 * share[it]}
        for name, it in (("init", "identical"), (rung, odd))
    ]  # fmt: skip
    content = {
        "autoencoder": "linear", "framework": "pytorch", "dtype": dtype, "seed": 0, "verdict": verdict, "rungs": rungs,
        "parting": "step 0 parts" if verdict == "parted" else None, "both": None, "vacuous": [], "failures": {},
    }  # fmt: skip
    return checked({**content, **changes}, Numbers)


def block(ratio: float, number: int, *, control: bool = False, memory: float = 1.0, failure: str | None = None) -> Pair:
    """A block in which head took so many times as long, and so much memory; number: which it is, so that they vary."""
    names = (SIDES.base, SIDES.base) if control else SIDES.names
    seconds = (1.0, ratio * (1.0 + 0.001 * (number % 3)))
    sides = []
    for name, took, size in zip(names, seconds, (1.0, memory), strict=True):
        work = {"images": 10, "warm_up": [took, took], "rounds": [took] * 4}
        sides.append({"name": name, "works": {"training": work, "inference": work}, "import_seconds": took,
                      "peak_bytes": round(1e9 * size), "peak_device_bytes": None})  # fmt: skip
    if failure:
        sides[1] = {"name": names[1], "failure": failure}
    content = {"first": number % 2, "subjects": sides, "seconds": 2.0, "busy": {}, "autoencoder": "linear",
               "control": control}  # fmt: skip
    return checked(content, Pair)


def blocks(ratio: float, count: int = 12, **others: Any) -> list[Pair]:
    """So many blocks, and three controls."""
    found = [block(ratio, number, **others) for number in range(count)]
    return [*found, *(block(1.0, number, control=True) for number in range(3))]


OPTIONS: dict[str, Any] = {
    "autoencoders": ["linear"], "frameworks": list(SIDES.names), "dataset": "digits", "data_dir": None,
    "schedule": "quick", "seeds": [0], "device": "cpu", "dtype": "float32", "agreement": True,
    "importance_samples": [],
}  # fmt: skip
