"""What a specification refuses to be, and how it is resized and rescheduled."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from aebench import registry
from aebench.autoencoders.stacked import STACKED
from aebench.errors import AebenchError, SpecificationError, UnknownNameError
from aebench.spec import L2, Adam, Autoencoder, Corruption, Layer, Phase, Sparsity

ADAM, LAYER = Adam(0.01), Layer("encoder1", 4, 2)
PHASE = Phase("phase1", ("encoder1",), ADAM, epochs=1, batch_size=2)


def _autoencoder(**changes: Any) -> Autoencoder:
    return Autoencoder(
        **{"name": "x", "title": "X", "layers": (LAYER,), "phases": (PHASE,), "coding_layer": "encoder1"} | changes
    )


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "no inputs": (lambda: Layer("a", 0, 3), "layer a: sizes must be positive"),
    "negative outputs": (lambda: Layer("a", 3, -1), "layer a: sizes must be positive"),
    "rate": (lambda: Adam(0.0), "Adam: learning rate must be positive, found 0.0"),
    "beta1": (lambda: Adam(0.1, beta1=1.0), "Adam: beta1 and beta2 must lie in [0, 1)"),
    "beta2": (lambda: Adam(0.1, beta2=-0.1), "Adam: beta1 and beta2 must lie in [0, 1)"),
    "epsilon": (lambda: Adam(0.1, epsilon=0.0), "Adam: epsilon must be positive, found 0.0"),
    "rate not a number": (lambda: Adam(math.nan), "Adam: learning rate must be positive, found nan"),
    "l2": (lambda: L2(0.0, ("a",)), "L2: scale must be positive, found 0.0"),
    "target 0": (lambda: Sparsity(0.2, 0.0), "Sparsity: target must lie in (0, 1), found 0.0"),
    "target 1": (lambda: Sparsity(0.2, 1.0), "Sparsity: target must lie in (0, 1), found 1.0"),
    "sparsity weight": (lambda: Sparsity(-1.0, 0.1), "Sparsity: weight must be positive, found -1.0"),
    "deviation": (lambda: Corruption("gaussian", 0.0), "Corruption: amount must be positive, found 0.0"),
    "keep probability": (lambda: Corruption("dropout", 1.5), "Corruption: a keep probability is at most 1"),
    "epochs": (lambda: replace(PHASE, epochs=0), "phase phase1: epochs and batch size must be positive"),
    "batch": (lambda: replace(PHASE, batch_size=0), "phase phase1: epochs and batch size must be positive"),
    "trains nothing": (lambda: replace(PHASE, trains=()), "phase phase1 trains no layer"),
    "copies nothing": (
        lambda: replace(PHASE, starts_from="stacked"), "phase phase1: `copies` goes with another autoencoder's name",
    ),
    "copies from itself": (
        lambda: replace(PHASE, copies=("encoder1",)), "phase phase1: `copies` goes with another autoencoder's name",
    ),
    "twice": (lambda: _autoencoder(layers=(LAYER, LAYER)), "x: a layer name stands twice in ['encoder1', 'encoder1']"),
    "codings": (lambda: _autoencoder(coding_layer="mean"), "x: no layer mean in ['encoder1']"),
    "no phase": (lambda: _autoencoder(phases=()), "x has no phase"),
    "unknown trained layer": (
        lambda: _autoencoder(phases=(replace(PHASE, trains=("decoder9",)),)),
        "x, phase phase1: no layer ['decoder9'] in ['encoder1']",
    ),
    "unknown copied layer": (
        lambda: _autoencoder(phases=(replace(PHASE, starts_from="stacked", copies=("decoder9",)),)),
        "x, phase phase1: no layer ['decoder9'] in ['encoder1']",
    ),
    "unknown penalised layer": (
        lambda: _autoencoder(phases=(replace(PHASE, l2=L2(0.1, ("decoder9",))),)),
        "x, phase phase1: no layer ['decoder9'] in ['encoder1']",
    ),
    "tied to nothing": (
        lambda: _autoencoder(layers=(LAYER, Layer("decoder1", 2, 4, tied_to="encoder7"))),
        "x has no layer encoder7; its layers: ['encoder1', 'decoder1']",
    ),
    "tied to a tied one": (
        lambda: _autoencoder(
            layers=(LAYER, Layer("b", 2, 4, tied_to="encoder1"), Layer("c", 4, 2, tied_to="b"))
        ),
        "x: c is tied to b, itself tied",
    ),
    "tied to another shape": (
        lambda: _autoencoder(layers=(LAYER, Layer("decoder1", 2, 5, tied_to="encoder1"))),
        "x: decoder1 (2, 5) is not the shape of encoder1 (4, 2) transposed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_specification_says_what_is_wrong_with_it(case: str) -> None:
    """A specification that contradicts itself cannot be made; the message names the part and the number found."""
    make, expected = BAD[case]
    with pytest.raises(SpecificationError) as caught:
        make()
    assert expected == str(caught.value)


def test_specifications_are_frozen() -> None:
    """Nobody can change a specification that others have read."""
    with pytest.raises(FrozenInstanceError):
        STACKED.phases[0].epochs = 5  # type: ignore[misc]


def test_unknown_layer_and_phase_list_the_known_ones() -> None:
    """A name that is not there is answered with those that are."""
    with pytest.raises(SpecificationError) as caught:
        STACKED.layer("mean")
    expected = "stacked has no layer mean; its layers: ['encoder1', 'encoder2', 'decoder1', 'decoder2']"
    assert expected == str(caught.value)
    with pytest.raises(SpecificationError) as caught:
        STACKED.phase("phase2")
    expected = "stacked has no phase phase2; its phases: ['phase1']"
    assert expected == str(caught.value)


def test_unknown_registered_names_list_the_known_ones_and_the_nearest() -> None:
    """A misspelt autoencoder or framework is answered with the nearest match and all known names."""
    with pytest.raises(UnknownNameError) as caught:
        registry.autoencoder("stakked")
    known = ", ".join(registry.autoencoders())
    expected = f"unknown autoencoder 'stakked'; did you mean 'stacked'? Known: {known}."
    assert expected == str(caught.value)
    with pytest.raises(AebenchError, match=r"unknown framework 'torch'.*pytorch"):
        registry.framework("torch")


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
