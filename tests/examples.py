"""Conditions such as records carry, for tests that write records of their own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from typing import Any

from aebench.processes.executors import Chosen
from aebench.records.conditions import Conditions, Harness, Machine, Subject
from aebench.records.fields import Float, plain

OPTIONS: dict[str, Any] = {
    "autoencoders": ["tied"], "frameworks": ["tensorflow", "pytorch"], "dataset": "mnist", "data_dir": None,
    "schedule": "source", "seeds": [0, 1, 2], "device": "cpu", "dtype": "float32", "agreement": False,
    "importance_samples": [50],
}  # fmt: skip


# A rung of a pair that agrees.
RUNG: dict[str, Any] = {
    "rung": "init", "place": "phase1/init/0/encoder1.weight", "relative": 0.0, "headroom": 10.0, "bound": 1e-13,
    "reason": "rounding", "arrays": 4,
}  # fmt: skip


def conditions(*names: str, autoencoder: str = "tied", **changes: Any) -> dict[str, Any]:
    """Conditions in which everything is known, of subjects of these names, as plain data."""
    found = Conditions(
        aebench=Harness(version="1.0", commit="0123456789abcdef", modified=False, sources="5678"),
        machine=Machine(
            processor="a processor", instruction_sets=["avx2"], cores=2, quota=None, memory_gib=Float(8.0), gpus=[],
            governor="performance", system="a system", libc="glibc 2.36",
        ),
        variables={"OMP_NUM_THREADS": "2"},
        packages={"numpy": "2.0"},
        subjects={
            name: Subject(framework=name, mode="eager", package=name, version="1.0", python="3.11",
                          settings={"build": "one", "threads": "2"})
            for name in names or ("tensorflow", "pytorch")
        },
        specifications={autoencoder: "abcd"},
        data={"mnist": "efgh"},
        schedule="source",
        device="cpu",
        dtype="float32",
    )  # fmt: skip
    return {**plain(found), **changes}


def trial(framework: str, seed: int, value: float, **changes: Any) -> dict[str, Any]:
    """A finished trial's document with one metric, and a curve of four epochs that ends at it."""
    epochs = [
        {"epoch": n, "seconds": 1.0, "images": 10, "mean": {}, "last_batch": {"reconstruction": value * (5 - n)}}
        for n in (1, 2, 3, 4)
    ]
    metric = {"value": value, "unit": "squared intensity", "better": "lower"}
    document = {
        "autoencoder": "tied", "framework": framework, "version": "1.0", "seed": seed, "dtype": "float32",
        "device": "cpu", "metrics": {"test_mse": metric}, "invalid": {},
        "speed": {"seconds_per_1000_images": 0.1, "warm": True, "warm_up_seconds": None, "trial_seconds": 3.0},
        "history": {"phase1": epochs}, "conditions": conditions(framework),
    }  # fmt: skip
    return {**document, **changes}


def planted(known: dict[str, Any], *path: str, value: object = "planted") -> dict[str, Any]:
    """The plain data with another value under the path."""
    first, *rest = path
    return {**known, first: planted(known[first], *rest, value=value) if rest else value}


def changes(subject: str, data: str, autoencoder: str) -> list[tuple[tuple[str, ...], object, str]]:
    """A change of each kind: the path of a condition, another value, and how the line about it begins."""
    return [
        (("subjects", subject, "version"), "0.1", f"{subject}: version: 0.1 then"),
        (("subjects", subject, "mode"), "compiled", f"{subject}: mode: compiled then"),
        (("subjects", subject, "python"), "2.7", f"{subject}: python: 2.7 then"),
        (("subjects", subject, "settings", "build"), "another", f"{subject}: build: another then"),
        (("subjects", subject, "settings"), None, f"{subject}: settings: unknown then"),
        (("variables", "ATEN_CPU_CAPABILITY"), "default", "variable ATEN_CPU_CAPABILITY: default then, not set now"),
        (("packages", "numpy"), "1.0", "package numpy: 1.0 then"),
        (("machine", "processor"), "an abacus", "processor: an abacus then"),
        (("machine", "instruction_sets"), ["sse4_1"], "instruction sets: sse4_1 then"),
        (("machine", "cores"), 77, "cores: 77 then"),
        (("machine", "quota"), 0.25, "quota: 0.25 then"),
        (("machine", "libc"), "glibc 1.0", "libc: glibc 1.0 then"),
        (("data", data), "0000", f"bytes of {data}: 0000 then"),
        (("data", data), None, f"bytes of {data}: unknown then"),
        (("specifications", autoencoder), "0000", f"specification of {autoencoder}: 0000 then"),
        (("aebench", "version"), "0.0", "version of aebench: 0.0 then"),
        (("aebench", "commit"), "fedcba", "commit of aebench: fedcba then"),
        (("aebench", "modified"), None, "modified of aebench: unknown then"),
        (("aebench", "sources"), "8765", "sources of aebench: 8765 then"),
        (("schedule",), None, "schedule: unknown then"),
    ]


class Inline:
    """Stands for a framework's process: does the work in this one."""

    def __init__(self, framework: str = "reference") -> None:
        self.framework = framework

    def call(self, function: Any, *arguments: Any, on_message: Any = None, **keywords: Any) -> Any:
        """Call the function here; what it tells goes nowhere."""
        return function(*arguments, **keywords)

    def close(self) -> None:
        """Nothing."""


@contextlib.contextmanager
def inline(options: Any, *_: Any, arbiter: bool = False) -> Iterator[dict[str, Inline]]:
    """Processes that are none, in the place of `processes_of`."""
    names = dict.fromkeys((*(["reference"] if arbiter else []), *options.frameworks))
    yield {name: Inline(name) for name in names}


class Now(Executor):
    """An executor that calls at once, here, with what any machine can be sent."""

    def submit(self, fn: Any, /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """The call's future, which is done."""
        future: Future[Any] = Future()
        future.set_result(fn(*json.loads(json.dumps(arguments)), **keywords))
        return future


NOW = Chosen("now", lambda _: Now(), {}, "a test's")
