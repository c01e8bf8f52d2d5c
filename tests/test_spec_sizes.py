"""How a specification is resized, rescheduled and trained with fewer labels."""

from __future__ import annotations

import math

import pytest

from aebench import registry
from aebench.autoencoders.stacked import STACKED
from aebench.errors import SpecificationError
from aebench.parameters import initial_parameters
from aebench.spec import Adam, Autoencoder, Layer, Parameter, Phase


def test_resized_scales_hidden_layers_only() -> None:
    """Images take the width that is asked for, hidden layers shrink, and everything else stays."""
    actual = STACKED.resized(width=0.1, n_inputs=36)
    expected = [(36, 30), (30, 15), (15, 30), (30, 36)]
    assert expected == [(x.n_inputs, x.n_outputs) for x in actual.layers]
    assert STACKED.phases == actual.phases
    expected = ("stacked", 36, 15)
    assert expected == (actual.name, actual.n_inputs, actual.n_codings)


def test_resized_keeps_the_classes_of_a_classifier() -> None:
    """A narrower classifier still tells ten classes apart."""
    actual = registry.autoencoder("pretrained").resized(width=0.1, n_inputs=64)
    expected = [(64, 30), (30, 15), (15, 10)]
    assert expected == [(x.n_inputs, x.n_outputs) for x in actual.layers]


@pytest.mark.parametrize("name", registry.autoencoders())
def test_resized_by_nothing_is_the_same(name: str) -> None:
    """Width 1 and the own image width change nothing; a tiny width leaves at least one unit and valid ties."""
    it = registry.autoencoder(name)
    assert it == it.resized()
    assert {1, it.layers[-1].n_outputs} >= {x.n_outputs for x in it.resized(width=1e-9).layers[:-1]}


@pytest.mark.parametrize("n_inputs", [300, 150, 20, 1000])
@pytest.mark.parametrize("name", registry.autoencoders())
def test_images_are_recognised_by_where_they_enter_not_by_their_size(name: str, n_inputs: int) -> None:
    """Images as wide as a hidden layer leave it a hidden layer: resized in one step or in two, it is the same."""
    it = registry.autoencoder(name)
    assert it.resized(0.5, n_inputs) == it.resized(n_inputs=n_inputs).resized(0.5)
    hidden = [x.n_outputs for x in it.layers[:-1]]
    assert [round(n * 0.5) for n in hidden] == [x.n_outputs for x in it.resized(0.5, n_inputs).layers[:-1]]


def test_resized_twice_as_wide_on_images_of_300_values() -> None:
    """The case that was wrong: hidden layers of 300 units took the images for their like and stayed as they were."""
    expected = [(300, 600), (600, 300), (300, 600), (600, 300)]
    assert expected == [(x.n_inputs, x.n_outputs) for x in STACKED.resized(n_inputs=300).resized(2).layers]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (0.0, "stacked: width must be positive, found 0.0"),
        (-1.0, "stacked: width must be positive, found -1.0"),
        (math.nan, "stacked: width must be positive, found nan"),
        (math.inf, "stacked: width must be positive, found inf"),
        (1e308, "stacked: width 1e+308 makes a layer of inf units"),
        (1e7, "stacked: width 1e+07 makes a layer of 3e+09 units"),
        (1e4, "stacked: 9,004,711,500,784 parameters are more than 1,073,741,824"),
    ],
)
def test_a_width_that_nothing_can_have_is_refused(width: float, expected: str) -> None:
    """Widths that are no numbers, or beyond memory and whole numbers, are answered by a sentence."""
    with pytest.raises(SpecificationError) as caught:
        STACKED.resized(width)
    assert expected == str(caught.value)


CONVOLUTIONAL = Autoencoder(
    name="convolutional",
    title="Convolutional",
    coding_layer="encoder1",
    layers=(
        Layer(
            "encoder1", 64, 128, own=(
                Parameter("kernel", (3, 3, 1, 8), "he_normal", fan_in=9, fan_out=72), Parameter("bias", (8,)),
            ),
        ),
        Layer("decoder1", 128, 64, activation="none"),
    ),
    phases=(Phase("phase1", ("encoder1", "decoder1"), Adam(0.01), epochs=1, batch_size=10),),
)  # fmt: skip


def test_a_layer_may_have_parameters_of_any_shape() -> None:
    """A kernel stands under its own name with its own shape, drawn by its own fans; the rest is as ever."""
    expected = {
        "encoder1.kernel": (3, 3, 1, 8), "encoder1.bias": (8,), "decoder1.weight": (128, 64), "decoder1.bias": (64,),
    }  # fmt: skip
    assert expected == CONVOLUTIONAL.shapes
    drawn = initial_parameters(CONVOLUTIONAL, 0)
    assert expected == {name: value.shape for name, value in drawn.items()}
    # A normal truncated at two deviations has a deviation of 0.88 of them.
    assert 0.5 < drawn["encoder1.kernel"].std() / math.sqrt(1.3 * 2 / 9) < 1.0
    assert not drawn["encoder1.bias"].any()


def test_a_layer_with_shapes_of_its_own_is_not_resized() -> None:
    """Nobody can say what a kernel would be at another width; at its own size it stays what it is."""
    assert CONVOLUTIONAL == CONVOLUTIONAL.resized(1.0, 64)
    with pytest.raises(SpecificationError) as caught:
        CONVOLUTIONAL.resized(0.5)
    assert "convolutional: the sizes of encoder1 are their own, so it keeps its sizes" == str(caught.value)


def test_with_schedule_changes_epochs_and_batches_only() -> None:
    """Epochs go by phase, the batch size to all; what is not named stays."""
    it = registry.autoencoder("layerwise_joint")
    actual = it.with_schedule({"phase2": 9}, batch_size=32)
    expected = [("phase1", 4, 32), ("phase2", 9, 32)]
    assert expected == [(p.name, p.epochs, p.batch_size) for p in actual.phases]
    assert it == actual.with_schedule({"phase2": 4}, batch_size=150)
    assert it == it.with_schedule({})


def test_batches_of_an_epoch_drop_the_incomplete_last_one() -> None:
    """n // batch_size, and one batch of everything where the phase trains on all points at once."""
    stacked, linear = STACKED.phases[0], registry.autoencoder("linear").phases[0]
    expected = [366, 0, 1]
    assert expected == [stacked.n_batches(55_000), stacked.n_batches(149), linear.n_batches(100)]


# n_images, n_inputs -> epochs: digits have 1,257 training images of 64 values
QUICK = {
    ("stacked", "phase1", 55_000, 784): 1,  # 400 steps of 366 an epoch
    ("stacked", "phase1", 1_257, 64): 183,  # never more than the source's 4 * 366 = 1,464 steps, at 8 an epoch
    ("linear", "phase1", 100, 3): 10_000,  # the source's own steps
    ("sparse", "phase1", 55_000, 784): 1,  # 60 steps of 55 an epoch
    ("pretrained", "frozen", 20_000, 784): 3,  # 400 steps of 133 an epoch
    ("pretrained", "frozen", 100, 784): 400,  # no whole batch: as if one an epoch
}


@pytest.mark.parametrize("case", QUICK)
def test_quick_epochs_read_about_the_same_number_of_values(case: tuple[str, str, int, int]) -> None:
    """`quick` reads about 60,000 images' worth of values: at least one epoch, at most the source's steps."""
    name, phase, n_images, n_inputs = case
    assert QUICK[case] == registry.autoencoder(name).phase(phase).quick_epochs(n_images, n_inputs)


def test_label_budgets_keep_the_number_of_steps() -> None:
    """At every budget the arms take the steps of the full one, in batches that the labels allow."""
    full = registry.autoencoder("pretrained")
    actual = full.at_label_budgets(55_000)
    phases = {phase.name: phase for phase in actual.phases}
    assert full.phases == actual.phases[-3:]
    assert {f"{p.name}_{n}" for p in full.phases for n in (100, 300, 1_000, 5_000)} == set(phases) - {
        p.name for p in full.phases
    }
    steps = {name: phase.epochs * phase.n_batches(phase.n_labels or 0) for name, phase in phases.items()}
    assert 4 * 133 == steps["scratch"] == steps["frozen_100"] == steps["finetuned_300"]
    assert max(abs(n - 532) for n in steps.values()) <= 16
    assert (100, 150) == (phases["scratch_100"].batch_size, phases["scratch_300"].batch_size)


@pytest.mark.parametrize(("n_images", "budgets"), [(100, 0), (300, 1), (1437, 3), (20_000, 4)])
def test_budgets_beyond_the_images_are_left_out(n_images: int, budgets: int) -> None:
    """A budget that is not smaller than what there is would be the full one again."""
    assert 3 + 3 * budgets == len(registry.autoencoder("pretrained").at_label_budgets(n_images).phases)
