"""An environment against the accepted baseline: what is trained there, from how many seeds, and what is said then."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from examples import conditions, planted
from gates import SEEDS, agreement, trials, written

from aebench.comparison import fresh
from aebench.comparison.accepting import accept
from aebench.comparison.gate import Gated
from aebench.comparison.unmatched import Scope
from aebench.comparison.verdict import status
from aebench.errors import ResultError, UsageError
from aebench.processes.environments import Environment
from aebench.processes.events import Silent
from aebench.records.conditions import Conditions
from aebench.records.fields import checked
from aebench.running.options import Options

OTHER = Environment("other", Path("/other/bin/python"), "../other")
ASKED = {"dataset": "mnist", "data_dir": None, "schedule": "source", "device": "cpu", "dtype": "float32"}


class FakeRun:
    """Stands for a run in the environment: its trainings end with errors so many times those that were accepted."""

    factor, known, agreements = 1.0, conditions(), [agreement()]

    def __init__(self, options: Options, folder: Path, _: object) -> None:
        self.options, self.trials, self.climbed = options, list[dict[str, Any]](), list[str]()
        self.conditions = checked(self.known, Conditions)

    @contextlib.contextmanager
    def opened(self, *, resume: bool) -> Iterator[Mapping[str, None]]:
        """No process."""
        assert resume
        yield dict.fromkeys(self.options.frameworks)

    def agree(self, name: str, _: object) -> None:
        """Nothing."""
        self.climbed.append(name)

    def measure(self, name: str, seed: int, subject: str, _: object) -> dict[str, Any]:
        """A training."""
        (found,) = trials(self.factor, (seed,), subject)
        self.trials.append({**found, "autoencoder": name, "conditions": self.known})
        return self.trials[-1]

    def document(self) -> dict[str, Any]:
        """What there is so far, from fewer seeds than were asked for."""
        return {"complete": False, "trials": self.trials, "agreements": self.agreements, "failures": []}


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[fresh.Plan, Gated]]:
    """Hold an environment with PyTorch against a baseline of `tied` in PyTorch, or in other frameworks."""

    def hold(
        *frameworks: str, scope: Scope | None = None, limit: float | None = None, **changes: Any
    ) -> tuple[fresh.Plan, Gated]:
        found = [it for framework in frameworks or ("pytorch",) for it in trials(framework=framework)]
        accept([written(tmp_path / "accepted", found)], reason="x", folder=tmp_path / "to")
        monkeypatch.setattr(fresh, "frameworks", lambda _: {"pytorch": "2.14.1", "tensorflow": None})
        monkeypatch.setattr(fresh, "Run", type("Run", (FakeRun,), changes))
        plan = fresh.plan(OTHER, ASKED, scope or Scope(), tmp_path / "to")
        return plan, fresh.gate(plan, tmp_path / "out", Silent(), limit)

    return hold


def test_one_seed_does_where_it_ends_in_the_same_bits(gate: Callable[..., tuple[fresh.Plan, Gated]]) -> None:
    """What was accepted is trained in the environment's subject, from as few seeds as decide."""
    plan, found = gate()
    assert (("tied",), ("pytorch@other",), SEEDS) == (
        plan.options.autoencoders, plan.options.frameworks, plan.options.seeds
    )  # fmt: skip
    (quality,) = found.quality
    assert ("identical", [0], "pytorch, accepted", "pytorch@other") == (
        quality.verdict, quality.seeds, quality.base, quality.head
    )  # fmt: skip
    assert (0, "../other") == (status(found.findings), found.run)


@pytest.mark.parametrize(
    ("factor", "seeds", "expected"), [(1.001, 3, 0), (1.07, 5, 125), (1.3, 3, 1), (0.5, 3, 0), (float("nan"), 1, 1)]
)
def test_more_seeds_are_trained_until_it_is_decided(
    gate: Callable[..., tuple[fresh.Plan, Gated]], factor: float, seeds: int, expected: int
) -> None:
    """A little worse passes after three, a third worse fails after three, what is no number at once; what lies between
    one margin and two is decided by none of five."""
    _, found = gate(factor=factor)
    assert (seeds, expected) == (len(found.quality[0].seeds), status(found.findings))


FAULTS: dict[str, tuple[dict[str, Any], int, str]] = {
    "other data": ({"known": planted(conditions(), "data", "mnist", value="0")}, 2, "bytes of mnist: efgh in the"),
    "parts": ({"agreements": [agreement(parting="step 3 parts")]}, 1, "step 3 parts"),
    "no agreement": ({"agreements": []}, 2, "it holds no agreement"),
    "no time": ({"limit": 0.0}, 125, "the time was over before it was trained"),
    "not installed": ({"frameworks": ("pytorch", "tensorflow")}, 2, "it is not installed in other; install it there"),
    "unknown to both": ({"scope": Scope((), ("pytorch", "reference"))}, 2, "neither the run nor the baseline has it"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_not_trained_is_never_green(gate: Callable[..., tuple[fresh.Plan, Gated]], name: str) -> None:
    """Each has its sentence and its status; nothing is trained on other data."""
    changes, expected, words = FAULTS[name]
    options = dict(changes)
    _, found = gate(*options.pop("frameworks", ()), **options)
    assert expected == status(found.findings)
    assert [(words, True)] == [(words, words in finding.sentence) for finding in found.findings]
    assert (name in ("other data", "no time")) == (not found.quality)


def test_only_what_is_named_is_trained(gate: Callable[..., tuple[fresh.Plan, Gated]]) -> None:
    """A framework that is not installed is no matter where another one is named; nobody's rows are an error."""
    plan, found = gate("pytorch", "tensorflow", scope=Scope(("tied",), ("pytorch",)))
    assert ([("tied", "pytorch")], 0) == (plan.todo, status(found.findings))
    results = plan.found.path.parents[1]
    assert f"aebench gate ../other tied -f pytorch -d mnist -p source --to {results}" == plan.command
    with pytest.raises(UsageError, match="holds nothing of what is named"):
        gate(scope=Scope(("stacked",)))
    with pytest.raises(UsageError, match=r"holds no framework of the baseline \(tensorflow\)"):
        gate("tensorflow")


def test_bounds_are_measured_with_the_samples_of_the_baseline(
    gate: Callable[..., tuple[fresh.Plan, Gated]], tmp_path: Path
) -> None:
    """As many importance samples as its metrics' names say."""
    (found,) = trials(seeds=(0,))
    metrics = {f"importance_weighted_bound_{n}": found["metrics"]["test_mse"] for n in (5000, 50)}
    accept([written(tmp_path / "accepted", [{**found, "metrics": metrics}])], reason="x", folder=tmp_path / "else")
    gate()
    assert (50, 5000) == fresh.plan(OTHER, ASKED, Scope(), tmp_path / "else").options.importance_samples


def test_without_limits_nothing_is_trained(gate: Callable[..., tuple[fresh.Plan, Gated]], tmp_path: Path) -> None:
    """What would not be green in the end is said in the beginning."""
    gate()
    (tmp_path / "to" / "limits.toml").unlink()
    with pytest.raises(ResultError, match=r"there is no .*limits\.toml"):
        fresh.plan(OTHER, ASKED, Scope(), tmp_path / "to")
