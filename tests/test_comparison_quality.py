"""Base's and head's trainings: every verdict by a planted case, and no more seeds than decide it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any
from unittest import mock

import examples
import numpy as np
import pytest

from aebench import registry
from aebench.comparison import quality
from aebench.comparison.metrics import COMPUTED, Pair
from aebench.comparison.noninferior import LOOKS
from aebench.comparison.quality import Asked, compare
from aebench.data import Dataset, Split
from aebench.errors import UsageError
from aebench.measures import Margin
from aebench.records.fields import checked, plain
from aebench.records.qualities import Quality, QualityRow
from aebench.spec import Autoencoder
from aebench.streams import stream
from aebench.training import schedule, trial

BASE, HEAD = "pytorch@old", "pytorch"
TIED = registry.autoencoder("tied")
Document = Mapping[str, Any]
Change = Callable[[int, dict[str, Any]], Document]


# Trainings whose documents are made up: base ends at about 1, with a spread from seed to seed that both sides share.


def made_up(side: str, seed: int) -> dict[str, Any]:
    """A finished trial of the subject, whose error and noise depend on seed and subject."""
    common, own = (stream(seed, f"comparison/{name}").normal((1,))[0] for name in ("both", side))
    document = examples.trial(side, seed, float(1.0 + 0.1 * common) * float(1.0 + 0.002 * own))
    return {**document, "parameters": f"{side}{seed}"}


def judged(change: Change = lambda _, document: document, autoencoder: Autoencoder = TIED, **asked: Any) -> Quality:
    """Made up trainings compared; head's are changed."""

    def train(side: str, seed: int) -> Document:
        document = made_up(side, seed)
        return change(seed, document) if side == HEAD else document

    found = compare(autoencoder, BASE, HEAD, train, Asked(**asked))
    assert checked(plain(found), Quality) == found
    return found


def row(found: Quality, metric: str = "test_mse") -> QualityRow:
    """The metric's row."""
    return next(row for row in found.rows if row.metric == metric)


def times(factor: float, **metric: Any) -> Change:
    """Head's error is so many times as large, or the metric is another one."""

    def change(_: int, document: dict[str, Any]) -> Document:
        known = document["metrics"]["test_mse"]
        return {**document, "metrics": {"test_mse": {**known, "value": factor * known["value"], **metric}}}

    return change


@pytest.mark.parametrize("key", [None, *COMPUTED])
def test_identical_means_the_same_epochs(key: str | None) -> None:
    """Same parameters and metrics by other errors on the way are not identical; how long an epoch took says nothing."""
    base = curved({**made_up(BASE, 0), "parameters": "one"})
    *first, last = base["history"]["phase1"]
    other = {**last, "seconds": 9.0} if key is None else {**last, key: {"reconstruction": 9.0}}
    head = {**base, "history": {"phase1": [*first, other]}}
    assert (key is None) == Pair(0, base, head).identical


@pytest.mark.parametrize(
    ("factor", "verdict", "seeds"),
    [
        (1.0, "not worse", 3),
        (1.01, "not worse", 3),
        (0.99, "not worse", 3),
        (0.8, "better", 3),
        (1.1, "worse", 5),
        (1.3, "worse", 3),
    ],
)
def test_an_error_is_worse_beyond_its_margin_of_five_per_cent(factor: float, verdict: str, seeds: int) -> None:
    """1 % worse must pass, whoever measures it that exactly; 30 % worse must not; and few seeds say so."""
    found = judged(times(factor))
    assert (verdict, verdict, seeds) == (found.verdict, row(found).verdict, len(found.seeds))
    share = 2 * (factor - 1) / (factor + 1)
    assert share == pytest.approx(row(found).difference, abs=0.01)
    assert (row(found).margin, row(found).relative, found.reason) == (0.05, True, None)
    assert row(found).low < share < row(found).high


@pytest.mark.parametrize(
    ("metric", "better", "by", "verdict"),
    [
        ("test_accuracy", "higher", -0.05, "worse"), ("test_accuracy", "higher", 0.05, "better"),
        ("mean_activation", "none", -0.1, "worse"), ("mean_activation", "none", 0.1, "worse"),
        ("mean_activation", "none", 0.001, "not worse"),
    ],
)  # fmt: skip
def test_the_metric_says_which_side_is_worse(metric: str, better: str, by: float, verdict: str) -> None:
    """Less is worse where more is better; where neither is, a move to either side beyond the margin."""

    def train(side: str, seed: int) -> Document:
        value = 0.5 + 0.01 * seed + (by if side == HEAD else 0.0)
        known = {metric: {"value": value, "unit": "fraction", "better": better}}
        return {**made_up(side, seed), "metrics": known}

    found = row(compare(TIED, BASE, HEAD, train, Asked()), metric)
    assert (verdict, pytest.approx(by)) == (found.verdict, found.difference)
    assert found.low < by < found.high


def test_what_has_no_margin_is_told_and_not_judged() -> None:
    """Nobody has said how far it may move: alone, nothing was compared; beside others it changes no verdict."""

    def change(seed: int, document: dict[str, Any]) -> Document:
        return {
            **document,
            "metrics": {**document["metrics"], "beauty": {"value": seed, "unit": "", "better": "higher"}},
        }

    def train(side: str, seed: int) -> Document:
        return change(seed + (side == HEAD), made_up(side, seed))

    found = compare(TIED, BASE, HEAD, train, Asked())
    assert ("not worse", "no margin", 1.0) == (
        found.verdict,
        row(found, "beauty").verdict,
        row(found, "beauty").difference,
    )
    alone = compare(TIED, BASE, HEAD, lambda side, seed: {
        **train(side, seed), "metrics": {"beauty": train(side, seed)["metrics"]["beauty"]},
    }, Asked())  # fmt: skip
    assert ("not compared", "none of its metrics has a margin") == (alone.verdict, alone.reason)


def test_the_specification_s_own_margin_comes_first() -> None:
    """Where it allows a third, 30 % worse is not worse."""
    measures = dataclasses.replace(TIED.measures, margins=(("test_mse", Margin(0.33, "for a test", relative=True)),))
    assert "not worse" == judged(times(1.3), dataclasses.replace(TIED, measures=measures)).verdict


@pytest.mark.parametrize(
    ("base", "head", "verdict", "seeds", "reason"),
    [
        (1.0, math.nan, "worse", 1, "at seed 0 it is nan in head and 1 in base"),
        (1.0, math.inf, "worse", 1, "at seed 0 it is inf in head and 1 in base"),
        (math.nan, math.nan, "not compared", 1, "at seed 0 it is a number in neither"),
        (math.nan, 1.0, "not worse", 4, "at seed 0 it is nan in base"),
    ],
)
def test_what_is_not_a_number_is_named(base: float, head: float, verdict: str, seeds: int, reason: str) -> None:
    """In head alone it is worse at once; in neither it is not green, though the bits be the same."""

    def train(side: str, seed: int) -> Document:
        value = (head if side == HEAD else base) if seed == 0 else 1.0 + 0.001 * seed
        metric = {"value": value, "unit": "squared intensity", "better": "lower"}
        same = math.isnan(base) and math.isnan(head)
        return {
            **made_up(side, seed),
            "metrics": {"test_mse": metric},
            "parameters": "one" if same else f"{side}{seed}",
        }

    found = compare(TIED, BASE, HEAD, train, Asked())
    assert (verdict, seeds, reason) == (found.verdict, len(found.seeds), row(found).reason)
    assert checked(plain(found), Quality) == found


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _, document: {**document, "metrics": {}}, "only base was measured by it, at seed 0"),
        (times(1.0, version=2), "its formula is of version 1 in base and 2 in head"),
    ],
)
def test_other_measures_are_not_compared(change: Change, reason: str) -> None:
    """A metric of one side alone, and one of two formulas."""
    found = judged(change)
    assert ("not compared", reason) == (found.verdict, row(found).reason)


def leaping(trial: Document) -> Document:
    """The same trial, whose error leaps in its last epoch."""
    errors = (4.0, 3.0, 2.0, 50.0)
    epochs = [{**epoch, "test_mse": error} for epoch, error in zip(trial["history"]["phase1"], errors, strict=True)]
    return {**trial, "history": {"phase1": epochs}}


def curved(trial: Document) -> Document:
    """The same trial with a curve that does not leap."""
    return {**trial, "history": {"phase1": [{**e, "test_mse": 1.0 / e["epoch"]} for e in trial["history"]["phase1"]]}}


def test_leaps_are_counted_and_stand_apart() -> None:
    """A head that always leaps is worse by that; at the seeds where one leapt no other metric is compared."""

    def train(leaps: Callable[[str, int], bool]) -> Callable[[str, int], Document]:
        return lambda side, seed: (leaping if leaps(side, seed) else curved)(made_up(side, seed))

    always = compare(TIED, BASE, HEAD, train(lambda side, _: side == HEAD), Asked())
    assert ("worse", "worse", "undecided") == (always.verdict, row(always, "leaps").verdict, row(always).verdict)
    assert (0.0, 1.0, 12) == (row(always, "leaps").base, row(always, "leaps").head, len(always.seeds))
    both = compare(TIED, BASE, HEAD, train(lambda _, seed: seed == 1), Asked())
    assert ("not worse", "without seed 1, at which one leapt") == (row(both).verdict, row(both).reason)
    assert "not worse" == row(both, "leaps").verdict
    never = compare(TIED, BASE, HEAD, train(lambda *_: False), Asked())
    assert ["test_mse"] == [row.metric for row in never.rows]


def test_an_error_that_is_no_number_is_no_leap() -> None:
    """Head's error is NaN after every epoch: worse by that alone, and nothing is said of a leap in any metric."""

    def train(side: str, seed: int) -> Document:
        document = curved(made_up(side, seed))
        wrong = (
            document["metrics"]
            if side == BASE
            else {"test_mse": {**document["metrics"]["test_mse"], "value": math.nan}}
        )
        epochs = document["history"]["phase1"]
        if side == HEAD:
            epochs = [{**epoch, "test_mse": math.nan} for epoch in epochs]
        other = {"value": 0.5, "unit": "fraction", "better": "higher"}
        return {**document, "metrics": {**wrong, "test_accuracy": other}, "history": {"phase1": epochs}}

    found = compare(TIED, BASE, HEAD, train, Asked())
    assert ["test_mse", "test_accuracy"] == [it.metric for it in found.rows]
    assert ("worse", "worse") == (found.verdict, row(found).verdict)
    assert (True, None) == (
        (row(found).reason or "").startswith("at seed 0 it is nan in head and"),
        found.rows[1].reason,
    )
    assert not any("leapt" in (it.reason or "") for it in found.rows)


@pytest.mark.parametrize(
    ("failing", "verdict"), [((HEAD,), "worse"), ((BASE,), "not compared"), ((BASE, HEAD), "not compared")]
)
def test_a_training_that_fails_ends_it(failing: tuple[str, ...], verdict: str) -> None:
    """On head alone it is worse; else there is nothing to compare; what was trained before stays on record."""

    def train(side: str, seed: int) -> Document:
        failed = {"autoencoder": "tied", "framework": side, "seed": seed, "failure": "lost"}
        return failed if seed == 1 and side in failing else made_up(side, seed)

    found = compare(TIED, BASE, HEAD, train, Asked())
    assert (verdict, [0], dict.fromkeys(failing, "seed 1: lost")) == (found.verdict, found.seeds, found.failures)
    assert checked(plain(found), Quality) == found


def test_seeds_and_time_are_limits() -> None:
    """What is not decided by then is undecided, and says why; before the first seed there is nothing."""
    wide = {"value": 0.0, "unit": "nats", "better": "lower"}

    def train(side: str, seed: int) -> Document:
        value = float(5.0 * stream(seed, f"comparison/{side}/wide").normal((1,))[0])
        return {**made_up(side, seed), "metrics": {"test_total": {**wide, "value": value}}}

    few = compare(TIED, BASE, HEAD, train, Asked(seeds=(5, 6, 7, 8)))
    assert ("undecided", [5, 6, 7, 8], "4 seeds do not decide it") == (few.verdict, few.seeds, few.reason)
    asked = iter((False, False, True))
    late = compare(TIED, BASE, HEAD, train, Asked(), lambda: next(asked))
    assert ("undecided", [0, 1], "the time was up after 2 of up to 27 seeds") == (late.verdict, late.seeds, late.reason)
    never = compare(TIED, BASE, HEAD, train, Asked(), lambda: True)
    assert ("undecided", [], []) == (never.verdict, never.seeds, never.rows)


def test_many_comparisons_share_the_rate_of_false_alarms() -> None:
    """What is worse alone takes more seeds as one of a thousand."""
    alone, shared = judged(times(1.3)), judged(times(1.3), parts=1000)
    assert "worse" == alone.verdict == shared.verdict
    assert len(alone.seeds) < len(shared.seeds)
    assert (0.01, 0.00001) == (alone.false_alarms, shared.false_alarms)


@pytest.mark.parametrize("bad", [{"seeds": ()}, {"seeds": (1, 1)}, {"parts": 0}])
def test_what_nobody_can_compare_is_refused(bad: dict[str, Any]) -> None:
    """No seed, one twice, no part."""
    with pytest.raises(UsageError, match="found"):
        Asked(**bad)


# Trainings that are real: the reference, a narrow autoencoder, images of 16 values made of four factors and sorted by
# the first of them, so that a shuffle matters.


@cache
def images() -> Dataset:
    """400 training images, sorted, and 100 test images."""
    factors, mixed = stream(0, "comparison/factors").normal((600, 4)), stream(0, "comparison/mixed").normal((4, 16))
    factors[:400] = factors[np.argsort(factors[:400, 0])]
    splits = np.split((1.0 / (1.0 + np.exp(-0.7 * factors @ mixed))).astype(np.float32), (400, 500))
    return Dataset("factors", *map(Split, splits))


def narrow(speed: float = 1.0) -> Autoencoder:
    """`stacked` with fifteen hidden units and four epochs, that learns so many times as fast."""
    found = registry.autoencoder("stacked").resized(width=0.05, n_inputs=16)
    (phase,) = found.with_schedule({"phase1": 4}, batch_size=20).phases
    optimizer = dataclasses.replace(phase.optimizer, learning_rate=speed * phase.optimizer.learning_rate)
    return dataclasses.replace(found, phases=(dataclasses.replace(phase, optimizer=optimizer),))


def unshuffled(phase: Any, seed: int, n_images: int, epoch: int) -> np.ndarray:
    """The images as they lie."""
    return np.arange(n_images).reshape(-1, phase.batch_size)


def other_order(phase: Any, seed: int, n_images: int, epoch: int) -> np.ndarray:
    """A shuffle as good as the sound one."""
    return SOUND_ORDER(phase, seed + 1000, n_images, epoch)


def too_wide(autoencoder: Autoencoder, seed: int) -> Any:
    """Weights begin half as large again."""
    return {name: 1.5 * value for name, value in SOUND_START(autoencoder, seed).items()}


SOUND_ORDER, SOUND_START = schedule.epoch_order, trial.initial_parameters


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int, Autoencoder], Document]:
    """A real training in this process, each done once."""
    folder, known = tmp_path_factory.mktemp("trainings"), dict[Any, Document]()

    def train(name: str, seed: int, autoencoder: Autoencoder) -> Document:
        if (name, seed) not in known:
            place = folder / name / str(seed)
            asked = trial.Trial(autoencoder, "reference", seed, "float32", "cpu", "factors", None, "source", place)
            with mock.patch.object(trial, "dataset_of", return_value=images()):
                known[name, seed] = trial.run(asked)
        return known[name, seed]

    return train


Planted = Callable[[], AbstractContextManager[Any]]
PLANTED: dict[str, tuple[Autoencoder, Planted, str, int]] = {
    "nothing": (narrow(), nullcontext, "identical", 1),
    "another shuffle": (narrow(), lambda: mock.patch.object(schedule, "epoch_order", other_order), "not worse", 12),
    "learns a tenth slower": (narrow(0.9), nullcontext, "worse", 12),
    "a wrong initialiser": (narrow(), lambda: mock.patch.object(trial, "initial_parameters", too_wide), "worse", 5),
    "a shuffle that is none": (narrow(), lambda: mock.patch.object(schedule, "epoch_order", unshuffled), "worse", 12),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_planted_faults_are_found_in_real_trainings(fault: str, trained: Callable[..., Document]) -> None:
    """Each is decided at the latest after so many seeds, and what is sound passes."""
    autoencoder, plant, verdict, seeds = PLANTED[fault]

    def train(side: str, seed: int) -> Document:
        if side == BASE:
            return trained("sound", seed, narrow())
        with plant():
            return trained(fault, seed, autoencoder)

    found = compare(narrow(), BASE, HEAD, train, Asked())
    assert verdict == found.verdict
    assert len(found.seeds) <= seeds
    assert len(found.seeds) in (1, *LOOKS)


def test_one_seed_in_the_same_bits_is_not_all_of_them() -> None:
    """Seed 1 alone ends as base does: the rows are compared, and none is called identical."""

    def change(seed: int, document: dict[str, Any]) -> Document:
        return {**made_up(BASE, seed), "framework": HEAD} if seed == 1 else document

    found = judged(change)
    assert "identical" not in {it.verdict for it in found.rows}


def test_no_number_on_both_sides_is_not_identical() -> None:
    """Planted: the same bits, in which a metric is no number."""

    def train(side: str, seed: int) -> Document:
        document = {**made_up(BASE, seed), "framework": side}
        return {**document, "metrics": {**document["metrics"], "test_mse": {**document["metrics"]["test_mse"],
                                                                            "value": math.nan}}}  # fmt: skip

    found = compare(TIED, BASE, HEAD, train, Asked())
    assert ("not compared", "not compared") == (row(found).verdict, found.verdict)


def test_the_gravest_row_is_the_verdict() -> None:
    """What is open is graver than what is not worse: a gate would pass it otherwise."""
    assert ("worse", "not compared", "undecided", "better", "not worse", "identical") == quality.GRAVEST
