"""The specifications against the table in the mathematics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from aebench import registry
from aebench.autoencoders.tied import TIED
from aebench.spec import Phase

OUTER, INNER = ("encoder1", "decoder2"), ("encoder2", "decoder1")
ENCODERS, DECODERS = ("encoder1", "encoder2"), ("decoder1", "decoder2")
HE, AVERAGE, GLOROT = "he_normal", "average_uniform", "glorot_uniform"

# name, inputs, outputs, activation, initialiser, tied to
FOUR = (
    ("encoder1", 784, 300, "elu", HE, None),
    ("encoder2", 300, 150, "elu", HE, None),
    ("decoder1", 150, 300, "elu", HE, None),
    ("decoder2", 300, 784, "none", HE, None),
)
FOUR_TIED = (*FOUR[:2], (*FOUR[2][:5], "encoder2"), (*FOUR[3][:5], "encoder1"))
CLASSIFIER = (*FOUR[:2], ("logits", 150, 10, "none", HE, None))
SPARSE = (("encoder1", 784, 1000, "sigmoid", HE, None), ("decoder1", 1000, 784, "none", HE, None))
LINEAR = (("encoder1", 3, 2, "none", GLOROT, None), ("decoder1", 2, 3, "none", GLOROT, None))


def _variational(initializer: str) -> tuple[tuple[Any, ...], ...]:
    sizes = {"encoder1": (784, 500), "encoder2": (500, 500), "mean": (500, 20), "log_variance": (500, 20)}
    sizes |= {"decoder1": (20, 500), "decoder2": (500, 500), "decoder3": (500, 784)}
    linear = {"mean", "log_variance", "decoder3"}
    return tuple((n, *size, "none" if n in linear else "elu", initializer, None) for n, size in sizes.items())


@dataclass(frozen=True)
class Row:
    """One phase of the table: what it trains, learning rate, epochs, batch, sampling, L2 scale and layers, the rest."""

    phase: str
    trains: tuple[str, ...]
    rate: float
    epochs: int
    batch_size: int
    sampling: str
    l2: tuple[float, tuple[str, ...]] | None = None
    sparsity: tuple[float, float] | None = None
    inputs: str = "images"
    starts_from: str = "previous"
    copies: tuple[str, ...] = ()
    n_labels: int | None = None

    @classmethod
    def of(cls, phase: Phase) -> Row:
        """The row that a phase is."""
        return cls(
            phase.name, phase.trains, phase.optimizer.learning_rate, phase.epochs, phase.batch_size, phase.sampling,
            phase.l2 and (phase.l2.scale, phase.l2.layers),
            phase.sparsity and (phase.sparsity.weight, phase.sparsity.target),
            phase.inputs, phase.starts_from, phase.copies, phase.n_labels,
        )  # fmt: skip


def _denoising() -> tuple[Row, ...]:
    return (Row("phase1", ENCODERS + DECODERS, 0.01, 10, 150, "epoch", (1e-5, ENCODERS)),)


def _arm(name: str, trains: tuple[str, ...], starts_from: str, copies: tuple[str, ...]) -> Row:
    penalty = (5e-4, (*ENCODERS, "logits"))
    return Row(
        name, trains, 0.01, 4, 150, "fresh", penalty, starts_from=starts_from, copies=copies, n_labels=20_000
    )  # fmt: skip


VARIATIONAL_ROW = Row(
    "phase1", ("encoder1", "encoder2", "mean", "log_variance", "decoder1", "decoder2", "decoder3"), 0.001, 50, 150,
    "epoch",
)  # fmt: skip
LAYERS = {
    "linear": LINEAR, "stacked": FOUR, "tied": FOUR_TIED, "layerwise_separate": FOUR, "layerwise_joint": FOUR,
    "layerwise_cached": FOUR, "pretrained": CLASSIFIER, "denoising_gaussian": FOUR_TIED,
    "denoising_dropout": FOUR_TIED, "sparse": SPARSE, "variational": _variational(AVERAGE),
    "variational_gamma": _variational(HE),
}  # fmt: skip
PHASES = {
    "linear": (Row("phase1", ("encoder1", "decoder1"), 0.01, 10_000, 100, "full"),),
    "stacked": (Row("phase1", ENCODERS + DECODERS, 0.01, 4, 150, "epoch", (1e-4, ENCODERS + DECODERS)),),
    "tied": (Row("phase1", ENCODERS + DECODERS, 0.01, 4, 150, "epoch", (1e-4, ENCODERS)),),
    "layerwise_separate": (
        Row("phase1", OUTER, 0.01, 4, 150, "fresh", (5e-4, OUTER)),
        Row("phase2", INNER, 0.01, 4, 150, "fresh", (5e-4, INNER), inputs="hidden1"),
    ),
    "layerwise_joint": (
        Row("phase1", OUTER, 0.01, 4, 150, "epoch", (1e-4, OUTER)),
        Row("phase2", INNER, 0.01, 4, 150, "epoch", (1e-4, INNER)),
    ),
    "layerwise_cached": (
        Row("phase1", OUTER, 0.01, 4, 150, "epoch", (1e-4, OUTER)),
        Row("phase2", INNER, 0.01, 4, 150, "fresh", (1e-4, INNER), inputs="hidden1"),
    ),
    "pretrained": (
        _arm("scratch", (*ENCODERS, "logits"), "initial", ()),
        _arm("finetuned", (*ENCODERS, "logits"), "layerwise_cached", ENCODERS),
        _arm("frozen", ("logits",), "layerwise_cached", ENCODERS),
    ),
    "denoising_gaussian": _denoising(),
    "denoising_dropout": _denoising(),
    "sparse": (Row("phase1", ("encoder1", "decoder1"), 0.01, 100, 1000, "epoch", sparsity=(0.2, 0.1)),),
    "variational": (VARIATIONAL_ROW,),
    "variational_gamma": (VARIATIONAL_ROW,),
}
# kind, coding layer, corruption, data set of its own
REST = {
    "linear": ("reconstructing", "encoder1", None, "curve"),
    "pretrained": ("classifier", "encoder2", None, None),
    "denoising_gaussian": ("reconstructing", "encoder2", ("gaussian", 0.05773502691896257), None),
    "denoising_dropout": ("reconstructing", "encoder2", ("dropout", 0.7), None),
    "sparse": ("reconstructing", "encoder1", None, None),
    "variational": ("variational", "mean", None, None),
    "variational_gamma": ("variational", "mean", None, None),
}


def test_the_table_has_a_row_for_every_autoencoder_of_the_source() -> None:
    """The source's twelve come first in the registry, in the order of the source, and none is left out here."""
    actual = list(registry.autoencoders())[:12]
    assert list(LAYERS) == actual
    assert list(PHASES) == actual


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_those_of_the_table(name: str) -> None:
    """Sizes, activations, initialisers and ties are the mathematics' numbers."""
    layers = registry.autoencoder(name).layers
    actual = tuple((x.name, x.n_inputs, x.n_outputs, x.activation, x.initializer, x.tied_to) for x in layers)
    assert LAYERS[name] == actual


@pytest.mark.parametrize("name", PHASES)
def test_phases_are_those_of_the_table(name: str) -> None:
    """Trained layers, rates, epochs, batches, sampling, penalties, inputs and beginnings are the mathematics' own."""
    assert PHASES[name] == tuple(Row.of(phase) for phase in registry.autoencoder(name).phases)


@pytest.mark.parametrize("name", LAYERS)
def test_kind_codings_corruption_and_data_are_those_of_the_table(name: str) -> None:
    """What makes an autoencoder special is the mathematics' own; Gaussian noise has deviation 1/sqrt(300)."""
    it = registry.autoencoder(name)
    corruption = it.corruption and (it.corruption.kind, it.corruption.amount)
    expected = REST.get(name, ("reconstructing", "encoder2", None, None))
    assert expected == (it.kind, it.coding_layer, corruption, it.dataset)


@pytest.mark.parametrize("name", registry.autoencoders())
def test_every_optimiser_is_the_pinned_adam(name: str) -> None:
    """beta1 0.9, beta2 0.999, epsilon 1e-8 in the epsilon-hat form, in every phase."""
    actual = {(p.optimizer.beta1, p.optimizer.beta2, p.optimizer.epsilon) for p in registry.autoencoder(name).phases}
    assert {(0.9, 0.999, 1e-8)} == actual


def test_parameter_names_and_shapes() -> None:
    """Weights are (n_in, n_out) in the order of the layers; a tied layer has a bias only."""
    shapes = registry.autoencoder("tied").shapes
    expected = {
        "encoder1.weight": (784, 300), "encoder1.bias": (300,), "encoder2.weight": (300, 150), "encoder2.bias": (150,),
        "decoder1.bias": (300,), "decoder2.bias": (784,),
    }  # fmt: skip
    assert expected == shapes
    assert list(expected) == list(shapes)


def test_trained_parameters_of_a_phase() -> None:
    """A phase changes weights and biases of its layers, of a tied layer the bias."""
    joint, tied = registry.autoencoder("layerwise_joint"), registry.autoencoder("tied")
    expected = ("encoder1.weight", "encoder1.bias", "decoder2.weight", "decoder2.bias")
    assert expected == joint.trained(joint.phase("phase1"))
    expected = (
        "encoder1.weight",
        "encoder1.bias",
        "encoder2.weight",
        "encoder2.bias",
        "decoder1.bias",
        "decoder2.bias",
    )
    assert expected == tied.trained(tied.phase("phase1"))


@pytest.mark.parametrize("name", registry.autoencoders())
def test_layers_that_feed_each_other_fit(name: str) -> None:
    """Encoders shrink to the codings and decoders grow from them: neighbours' sizes agree."""
    it = registry.autoencoder(name)
    chain = [layer for layer in it.layers if layer.name != "log_variance"]
    assert [x.n_outputs for x in chain[:-1]] == [x.n_inputs for x in chain[1:]]
    assert it.n_codings == it.layer(it.coding_layer).n_outputs


def test_only_the_classifier_needs_another_autoencoder() -> None:
    """`pretraining` names the autoencoder to train first, and nothing else needs one."""
    actual = {name: it.pretraining for name, it in registry.autoencoders().items() if it.pretraining}
    expected = {"pretrained": "layerwise_cached"}
    assert expected == actual


def test_copied_layers_are_those_of_the_pretrained_autoencoder() -> None:
    """Every layer that a phase copies has the same shape in the autoencoder it comes from."""
    for it in registry.autoencoders().values():
        for phase in it.phases:
            for layer in phase.copies:
                assert registry.autoencoder(phase.starts_from).layer(layer).shapes == it.layer(layer).shapes


def test_tied_penalises_the_two_weights_there_are() -> None:
    """A penalty can only name layers that have a weight of their own."""
    for it in registry.autoencoders().values():
        penalised = {layer for phase in it.phases if phase.l2 for layer in phase.l2.layers}
        assert not {layer for layer in penalised if it.layer(layer).tied_to}
    expected, l2 = ENCODERS, TIED.phases[0].l2
    assert expected == (l2 and l2.layers)
