"""A baseline that was damaged: whatever was done to it, the gate says it in a sentence, and is never green."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from gates import trials, written

from aebench.cli import main
from aebench.comparison.accepting import accept
from aebench.records import limits

NAME = "mnist-source-float32-cpu"
Content = dict[str, Any]


@pytest.fixture
def gate(tmp_path: Path) -> Callable[[Callable[[Content], Any]], Result]:
    """Hold the runs that were accepted, in two frameworks, against their baseline, after something was done to it.

    The limits are told its new digest, so that a damage has to be found by itself; or not (told: False).
    """
    found = [*trials(), *trials(framework="tensorflow")]
    run = written(tmp_path / "run", found)
    accepted = accept([run], reason="x", folder=tmp_path / "to")
    path = accepted.baseline

    def hold(damage: Callable[[Content], Any], *, told: bool = True) -> Result:
        before = limits.digest(path)
        content = json.loads(path.read_text(encoding="utf-8"))
        damaged = damage(content) or content
        path.write_text(damaged if isinstance(damaged, str) else json.dumps(damaged), encoding="utf-8")
        if told:
            text = accepted.limits.read_text(encoding="utf-8").replace(before, limits.digest(path))
            accepted.limits.write_text(text, encoding="utf-8")
        return CliRunner().invoke(main, ["gate", str(run), "--to", str(tmp_path / "to")])

    return hold


def test_an_undamaged_one_is_green(gate: Callable[..., Result]) -> None:
    """What all the others differ from."""
    assert 0 == gate(lambda _: None).exit_code


def metric(content: Content, trial: int = 0) -> Content:
    """A metric of one trial, to be changed."""
    found: Content = content["trials"][trial]["metrics"]["test_mse"]
    return found


def without(content: Content, *places: int) -> None:
    """Take these trials away."""
    content["trials"] = [trial for place, trial in enumerate(content["trials"]) if place not in places]


def extra(content: Content, **changes: Any) -> None:
    """Another trial, made of the first."""
    content["trials"].append({**content["trials"][0], **changes})


DAMAGES: dict[str, tuple[Callable[[Content], Any], str]] = {
    "empty": (lambda _: "\n", "is truncated or damaged"),
    "truncated": (lambda content: json.dumps(content)[:-200], "is truncated or damaged"),
    "no object": (lambda _: "[]", "it holds no object"),
    "of a newer version": (lambda c: c.update(format="aebench-baseline/99"), "has format aebench-baseline/99"),
    "without a version": (lambda c: c.pop("format") and None, "has format not stated, expected"),
    "another kind": (lambda c: c.update(format="aebench-run/2"), "has format aebench-run/2, expected"),
    "another data set": (lambda c: c.update(dataset="fashion"), "is a baseline of dataset fashion, expected mnist"),
    "another schedule": (lambda c: c.update(schedule="quick"), "is a baseline of schedule quick, expected source"),
    "another dtype": (lambda c: c.update(dtype="float64"), "is a baseline of dtype float64, expected float32"),
    "another device": (lambda c: c.update(device="gpu"), "is a baseline of device gpu, expected cpu"),
    "a field less": (lambda c: c.pop("history") and None, "missing required field `history`"),
    "a field more": (lambda c: c.update(colour="red"), "unknown field `colour`"),
    "a text for a number": (lambda c: metric(c).update(value="low"), "expected a number, found 'low'"),
    "a number for a list": (lambda c: c.update(trials=5), "Expected `array`, got `int`"),
    "nothing for a trial": (lambda c: c["trials"].append(None), "Expected `object`, got `null`"),
    "a negative seed": (lambda c: c["trials"][0].update(seed=-1), "Expected `int` >= 0"),
    "a text that is none": (lambda c: c["trials"][0].update(invalid="\ud800"), "is truncated or damaged"),
    "a trial twice": (lambda c: extra(c), "tied, pytorch, seed 0 stands twice"),
    "conditions that are not there": (lambda c: c["trials"][0].update(conditions=7), "the conditions at place 7"),
    "no trials": (lambda c: c.update(trials=[]), "it has no baseline"),
    "an autoencoder less": (lambda c: without(c, *range(5)), "tied, pytorch: it has no baseline"),
    "an autoencoder more": (lambda c: extra(c, autoencoder="sparse"), "sparse, pytorch: the baseline has it and"),
    "a framework more": (lambda c: extra(c, framework="jax"), "tied, jax: the baseline has it and the run has not"),
    "a seed less": (lambda c: without(c, 0), "0.0102 is accepted in pytorch, and the baseline has 0.01025"),
    "a seed more": (lambda c: extra(c, seed=99), "0.0102 is accepted in pytorch, and the baseline has 0.0101667"),
    "NaN": (lambda c: metric(c).update(value="nan"), "test_mse is nan in the baseline, at seed 0"),
    "infinity": (lambda c: metric(c).update(value="inf"), "test_mse is inf in the baseline, at seed 0"),
    "another value": (lambda c: metric(c, 4).update(value=0.0105), "0.0102 is accepted in pytorch, and the baseline"),
    "all values": (
        lambda c: [metric(c, n).update(value=0.1) for n in range(10)] and None, "baseline has 0.1: one of the two was"
    ),
    "a metric less": (lambda c: [t["metrics"].clear() for t in c["trials"]] and None, "it has a limit and no row"),
    "a metric more": (
        lambda c: c["trials"][0]["metrics"].update(x=metric(c)), "tied, x: it has no limit"
    ),
    "more is better": (
        lambda c: [metric(c, n).update(better="higher") for n in range(10)] and None,
        "its better is 'higher' in base and 'lower' in head",
    ),
    "another unit": (lambda c: metric(c).update(unit="nats"), "its unit is 'nats' in base and 'squared intensity' in"),
    "another formula": (lambda c: metric(c).update(version=9), "its formula is of version 9 in base and 1 in head"),
    "other bytes of data": (
        lambda c: [it["data"].update(mnist="0") for it in c["conditions"]] and None, "bytes of mnist: 0 in the baseline"
    ),
    "another specification": (
        lambda c: [it["specifications"].update(tied="0") for it in c["conditions"]] and None, "specification of tied: 0"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_is_said(gate: Callable[..., Result], name: str) -> None:
    """Its own sentence, the status of what could not be compared, no traceback."""
    damage, words = DAMAGES[name]
    shown = gate(damage)
    assert (2, True) == (shown.exit_code, words in shown.output), shown.output
    assert "Traceback" not in shown.output


UNSEEN: dict[str, Callable[[Content], Any]] = {
    "the trial in the middle": lambda c: without(c, 2, 7),
    "a seed renamed": lambda c: c["trials"][2].update(seed=99),
    "no machine": lambda c: [it["machine"].update(processor=None) for it in c["conditions"]] and None,
    "no conditions": lambda c: [trial.update(conditions=None) for trial in c["trials"]] and None,
    "a faster day": lambda c: c["trials"][0]["speed"].update(seconds_per_1000_images=0.01),
    "no curves": lambda c: c["trials"][0].update(curves={}),
    "another reason": lambda c: c["history"][0].update(reason="none"),
    "other white space": lambda c: json.dumps(c, indent=7),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_what_no_number_shows_is_seen_by_the_digest(gate: Callable[..., Result], name: str) -> None:
    """A baseline is changed by `accept` alone: whatever was changed otherwise, it is another file."""
    shown = gate(UNSEEN[name], told=False)
    assert (2, True) == (shown.exit_code, "is not the file that the limits were written for" in shown.output)


def test_a_missing_baseline_and_a_missing_folder_are_said(gate: Callable[..., Result], tmp_path: Path) -> None:
    """The message names those that are there."""
    path = tmp_path / "to" / "baselines" / f"{NAME}.json"
    path.rename(path.with_name("fashion-source-float32-cpu.json"))
    shown = CliRunner().invoke(main, ["gate", str(tmp_path / "run"), "--to", str(tmp_path / "to")])
    assert (2, True) == (shown.exit_code, "and others are fashion-source-float32-cpu;" in shown.output)
    shown = CliRunner().invoke(main, ["gate", str(tmp_path / "run"), "--to", str(tmp_path / "nowhere")])
    assert (2, True) == (shown.exit_code, "and none other;" in shown.output)
