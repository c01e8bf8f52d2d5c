"""Autoencoders of other packages, which an environment may lack: said at once, and never a regression."""

from __future__ import annotations

from pathlib import Path

import other_environments
import pytest
from gates import trials, written

from aebench import registry
from aebench.comparison import fresh, sides
from aebench.comparison.accepting import accept
from aebench.comparison.gate import Scope
from aebench.errors import UsageError
from aebench.processes import probing
from aebench.processes.environments import Environment, find

OLD, NEW = (Environment(name, Path(f"/{name}/bin/python"), f"../{name}") for name in ("old", "new"))
ASKED = {"dataset": "mnist", "data_dir": None, "schedule": "source", "device": "cpu", "dtype": "float32"}


def test_an_environment_is_asked_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only of what may differ there: an autoencoder of another package. Here and in a bundle nobody is asked."""
    place = other_environments.make(tmp_path / "other")
    monkeypatch.setattr(probing, "outside", lambda name: {"bottles 1.0": "abc"} if name != "tied" else {})
    environment = find(str(place))
    assert ["bottle"] == probing.lacking(environment, ("bottle", "linear", "tied"), (registry.ARBITER,))
    monkeypatch.setattr(probing, "_offering", lambda *_: pytest.fail("somebody is asked"))
    assert [] == probing.lacking(environment, ("tied",), (registry.ARBITER,))
    assert [] == probing.lacking(find(registry.HERE), ("bottle",), (registry.ARBITER,))


def test_of_a_commit_everything_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may hold fewer of our own."""
    commit = Environment("abc", tmp_path / "python", "abc", own=True)
    monkeypatch.setattr(probing, "_offering", lambda _, names, among: {name: [] for name in names})
    assert ["tied", "linear"] == probing.lacking(commit, ("tied", "linear"), (registry.ARBITER,))


def test_what_one_side_lacks_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was named nothing is begun; where everything is compared, it is said to be left out."""
    monkeypatch.setattr(sides, "lacking", lambda environment, names, _: ["bottle"] if environment is NEW else [])
    names = ("linear", "bottle")
    words = "../new has no bottle, no package there offers it"
    assert (("linear",), [words]) == sides.offered(names, OLD, NEW, ["pytorch@old", "pytorch@new"], named=False)
    for asked, named in ((names, True), (("bottle",), False)):
        with pytest.raises(UsageError, match=f"^{words}; install its package there, or leave it out$"):
            sides.offered(asked, OLD, NEW, ["pytorch@old", "pytorch@new"], named=named)


def test_what_an_environment_lacks_is_not_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The baseline's row could not be compared, once; where nothing is left, nothing is begun."""
    found = [*trials(), *({**trial, "autoencoder": "sparse"} for trial in trials())]
    accept([written(tmp_path / "accepted", found)], reason="x", folder=tmp_path / "to")
    monkeypatch.setattr(fresh, "frameworks", lambda _: {"pytorch": "2.14.1"})
    monkeypatch.setattr(fresh, "lacking", lambda *_: ["tied"])
    plan = fresh.plan(NEW, ASKED, Scope(), tmp_path / "to")
    ((key, (weight, words)),) = plan.missing.items()
    assert ([("sparse", "pytorch")], ("tied", "pytorch"), "undone") == (plan.todo, key, weight)
    assert "no package in new offers it; install its package there" in words
    with pytest.raises(
        UsageError, match="environment new has none of what is named: tied: no package in new offers it"
    ):
        fresh.plan(NEW, ASKED, Scope(("tied",)), tmp_path / "to")
