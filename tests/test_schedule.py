"""Which images, in which order and with which noise: the same for every framework, and the same when resumed."""

from __future__ import annotations

import dataclasses
import math
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aebench import registry
from aebench.data import Dataset, Split
from aebench.errors import UsageError
from aebench.spec import Autoencoder, Phase, Sampling
from aebench.streams import stream
from aebench.training import schedule

SEED, N_IMAGES = 5, 1003
EPOCH = registry.autoencoder("stacked").phases[0]
FRESH = registry.autoencoder("layerwise_separate").phases[0]
FULL = registry.autoencoder("linear").phases[0]


def _phases(*samplings: Sampling) -> list[tuple[str, str]]:
    return [(n, p.name) for n, it in registry.autoencoders().items() for p in it.phases if p.sampling in samplings]


def _phase(case: tuple[str, str]) -> Phase:
    return dataclasses.replace(registry.autoencoder(case[0]).phase(case[1]), batch_size=100)


@pytest.mark.parametrize("case", _phases("epoch", "fresh"))
def test_an_epoch_is_whole_batches_of_rows_that_exist(case: tuple[str, str]) -> None:
    """(n // batch_size, batch_size) row numbers below n; the incomplete last batch is dropped."""
    order = schedule.epoch_order(_phase(case), SEED, N_IMAGES, 0)
    expected = (10, 100)
    assert expected == order.shape
    assert order.dtype == np.int64
    assert order.min() >= 0
    assert order.max() < N_IMAGES


@pytest.mark.parametrize("case", _phases("epoch"))
def test_an_epoch_reads_each_image_at_most_once(case: tuple[str, str]) -> None:
    """Under `epoch` no image comes twice within an epoch, and which ones are dropped changes from epoch to epoch."""
    first, second = (schedule.epoch_order(_phase(case), SEED, N_IMAGES, epoch) for epoch in (0, 1))
    expected = 1000
    assert expected == len(np.unique(first)) == len(np.unique(second))
    assert not np.array_equal(np.sort(first, axis=None), np.sort(second, axis=None))


@pytest.mark.parametrize("case", _phases("epoch", "fresh"))
def test_every_epoch_has_an_order_of_its_own(case: tuple[str, str]) -> None:
    """Another epoch, another seed and another phase name give another order; the same give the same."""
    phase = _phase(case)
    first = schedule.epoch_order(phase, SEED, N_IMAGES, 0)
    others = [
        schedule.epoch_order(phase, SEED, N_IMAGES, 1),
        schedule.epoch_order(phase, SEED + 1, N_IMAGES, 0),
        schedule.epoch_order(dataclasses.replace(phase, name="another"), SEED, N_IMAGES, 0),
    ]
    assert not any(np.array_equal(first, other) for other in others)
    assert np.array_equal(first, schedule.epoch_order(phase, SEED, N_IMAGES, 0))


@pytest.mark.parametrize("case", _phases("fresh"))
def test_fresh_batches_hold_no_image_twice_but_epochs_may(case: tuple[str, str]) -> None:
    """Under `fresh` each batch is drawn anew from all images: distinct within it, repeated over an epoch."""
    order = schedule.epoch_order(_phase(case), SEED, N_IMAGES, 0)
    assert all(len(np.unique(rows)) == len(rows) for rows in order)
    # 1,000 draws of 1,003 leave about 1/e of the images unread; each of them read would be a permutation.
    assert abs(len(np.unique(order)) / N_IMAGES - (1 - 1 / math.e)) < 0.05


@pytest.mark.parametrize("case", _phases("fresh"))
def test_fresh_does_not_know_where_an_epoch_ends(case: tuple[str, str]) -> None:
    """Batch i of epoch e is step e * n_batches + i of one stream: epochs are a way of counting only."""
    phase, n_batches = _phase(case), N_IMAGES // 100
    expected = [
        stream(SEED, f"order/{phase.name}", step).distinct(N_IMAGES, 100) for step in range(n_batches, 2 * n_batches)
    ]
    assert np.array_equal(expected, schedule.epoch_order(phase, SEED, N_IMAGES, 1))


@pytest.mark.parametrize("case", _phases("full"))
def test_full_reads_everything_at_every_step(case: tuple[str, str]) -> None:
    """Under `full` each epoch is one step over all rows in their own order, more than the batch size or not."""
    actual = schedule.epoch_order(_phase(case), SEED, 130, 17)
    assert np.array_equal(np.arange(130)[None, :], actual)


@given(st.sampled_from([EPOCH, FRESH, FULL]), st.integers(150, 700), st.integers(1, 9), st.integers(0, 5))
@settings(deadline=None, max_examples=40)
def test_first_orders_are_what_training_sees(phase: Phase, n_images: int, n_steps: int, seed: int) -> None:
    """The first steps of a training are a prefix of its epochs, one after the other."""
    epochs = [schedule.epoch_order(phase, seed, n_images, epoch) for epoch in range(n_steps)]
    expected = np.concatenate(epochs)[:n_steps]
    assert np.array_equal(expected, schedule.first_orders(phase, seed, n_images, n_steps))


@pytest.mark.parametrize("phase", [EPOCH, FRESH], ids=["epoch", "fresh"])
def test_too_few_images_are_a_usage_error(phase: Phase) -> None:
    """Fewer images than one batch takes is an error that names both numbers; as many are enough."""
    with pytest.raises(UsageError) as caught:
        schedule.epoch_order(phase, SEED, 149, 0)
    expected = "phase phase1 takes batches of 150, but there are only 149 images; choose a larger data set"
    assert expected == str(caught.value)
    assert sorted(schedule.epoch_order(phase, SEED, 150, 0)[0]) == list(range(150))


def _noise(it: Autoencoder, steps: list[int]) -> np.ndarray:
    found = schedule.noise(it, it.phases[0], SEED, steps, 4)
    assert found is not None
    return found


NOISY = [n for n, it in registry.autoencoders().items() if it.corruption or it.kind == "variational"]
GAUSSIAN = [n for n in NOISY if not (c := registry.autoencoder(n).corruption) or c.kind == "gaussian"]


@pytest.mark.parametrize("name", [n for n in registry.autoencoders() if n not in NOISY])
def test_most_autoencoders_take_no_noise(name: str) -> None:
    """Where nothing is random in training there is no noise."""
    it = registry.autoencoder(name)
    assert all(schedule.noise(it, phase, SEED, range(2), 4) is None for phase in it.phases)


@pytest.mark.parametrize("name", NOISY)
def test_noise_is_as_wide_as_what_it_disturbs(name: str) -> None:
    """(n_steps, batch, n_inputs) for denoising, (n_steps, batch, n_codings) for a variational model."""
    it = registry.autoencoder(name)
    expected = (3, 4, it.n_codings if it.kind == "variational" else it.n_inputs)
    assert expected == _noise(it, [0, 1, 2]).shape


@pytest.mark.parametrize("name", GAUSSIAN)
def test_noise_is_standard_normal(name: str) -> None:
    """The harness hands out N(0, 1); the autoencoder scales it by its own deviation."""
    values = _noise(registry.autoencoder(name), list(range(200)))
    assert values.dtype.kind == "f"
    assert abs(values.mean()) < 5 / math.sqrt(values.size)
    assert abs(values.std() - 1.0) < 5 / math.sqrt(2 * values.size)


def test_dropout_noise_is_a_keep_mask() -> None:
    """Booleans, true for 70 % of the inputs: which pixels stay."""
    values = _noise(registry.autoencoder("denoising_dropout"), list(range(20)))
    assert values.dtype == np.bool_
    assert abs(values.mean() - 0.7) < 5 * math.sqrt(0.7 * 0.3 / values.size)


@pytest.mark.parametrize("name", NOISY)
def test_noise_of_a_step_does_not_depend_on_the_others(name: str) -> None:
    """A resumed run sees at step 5 what an uninterrupted one saw there; other steps see other noise."""
    it = registry.autoencoder(name)
    expected = _noise(it, list(range(8)))
    assert np.array_equal(expected[5:], _noise(it, [5, 6, 7]))
    assert np.array_equal(expected[[7, 2]], _noise(it, [7, 2]))
    assert not np.array_equal(expected[5], expected[6])


@pytest.mark.parametrize("name", NOISY)
def test_noise_of_another_seed_or_phase_differs(name: str) -> None:
    """Seeds and phases have noise of their own."""
    it = registry.autoencoder(name)
    renamed = dataclasses.replace(it.phases[0], name="another")
    first = _noise(it, [0])
    assert not np.array_equal(first, schedule.noise(it, it.phases[0], SEED + 1, [0], 4))
    assert not np.array_equal(first, schedule.noise(it, renamed, SEED, [0], 4))


def test_a_phase_trains_on_as_many_labels_as_it_takes_and_there_are() -> None:
    """`n_labels` of the training rows, all where there are fewer, and all where the phase does not say."""
    rows = Split(np.zeros((30, 4), dtype=np.float32), np.zeros(30, dtype=np.int64))
    dataset = Dataset("x", train=rows, validation=rows, test=rows)
    budgets = [None, 10, 20_000]
    phases = [dataclasses.replace(EPOCH, n_labels=n) for n in budgets]
    expected = [30, 10, 30]
    assert expected == [len(schedule.training_split(phase, dataset)) for phase in phases]


def test_noise_takes_no_more_threads_than_the_process_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is held to one core of many draws in one thread, and draws the same."""
    expected, asked = _noise(registry.autoencoder("denoising_gaussian"), [0, 1]), []

    class Pool(ThreadPoolExecutor):
        def __init__(self, threads: int) -> None:
            asked.append(threads)
            super().__init__(threads)

    monkeypatch.setattr(schedule, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert np.array_equal(expected, _noise(registry.autoencoder("denoising_gaussian"), [0, 1]))
    assert [1] == asked
