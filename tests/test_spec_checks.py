"""What a specification refuses to be."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from aebench import registry
from aebench.autoencoders.stacked import STACKED
from aebench.errors import AebenchError, SpecificationError, UnknownNameError
from aebench.spec import L2, Adam, Autoencoder, Corruption, Layer, Parameter, Phase, Sparsity

ADAM, LAYER, BACK = Adam(0.01), Layer("encoder1", 4, 2), Layer("decoder1", 2, 4)
PHASE = Phase("phase1", ("encoder1",), ADAM, epochs=1, batch_size=2)


def _autoencoder(**changes: Any) -> Autoencoder:
    return Autoencoder(
        **{"name": "x", "title": "X", "layers": (LAYER, BACK), "phases": (PHASE,), "coding_layer": "encoder1"} | changes
    )


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "no inputs": (lambda: Layer("a", 0, 3), "layer a: size must be a positive whole number, found 0"),
    "negative outputs": (lambda: Layer("a", 3, -1), "layer a: size must be a positive whole number, found -1"),
    "rate": (lambda: Adam(0.0), "Adam: learning rate must be positive, found 0.0"),
    "beta1": (lambda: Adam(0.1, beta1=1.0), "Adam: beta1 must lie in [0, 1), found 1.0"),
    "beta2": (lambda: Adam(0.1, beta2=-0.1), "Adam: beta2 must lie in [0, 1), found -0.1"),
    "epsilon": (lambda: Adam(0.1, epsilon=0.0), "Adam: epsilon must be positive, found 0.0"),
    "rate not a number": (lambda: Adam(math.nan), "Adam: learning rate must be positive, found nan"),
    "l2": (lambda: L2(0.0, ("a",)), "L2: scale must be positive, found 0.0"),
    "target 0": (lambda: Sparsity(0.2, 0.0), "Sparsity: target must lie in (0, 1), found 0.0"),
    "target 1": (lambda: Sparsity(0.2, 1.0), "Sparsity: target must lie in (0, 1), found 1.0"),
    "sparsity weight": (lambda: Sparsity(-1.0, 0.1), "Sparsity: weight must be positive, found -1.0"),
    "deviation": (lambda: Corruption("gaussian", 0.0), "Corruption: amount must be positive, found 0.0"),
    "keep probability": (lambda: Corruption("dropout", 1.5), "Corruption: a keep probability is at most 1"),
    "epochs": (lambda: replace(PHASE, epochs=0), "phase phase1: epochs must be a positive whole number, found 0"),
    "batch": (
        lambda: replace(PHASE, batch_size=0), "phase phase1: batch size must be a positive whole number, found 0",
    ),
    "trains nothing": (lambda: replace(PHASE, trains=()), "phase phase1 trains no layer"),
    "copies nothing": (
        lambda: replace(PHASE, starts_from="stacked"), "phase phase1: `copies` goes with another autoencoder's name",
    ),
    "copies from itself": (
        lambda: replace(PHASE, copies=("encoder1",)), "phase phase1: `copies` goes with another autoencoder's name",
    ),
    "twice": (lambda: _autoencoder(layers=(LAYER, LAYER)), "x: a layer stands twice: encoder1"),
    "codings": (lambda: _autoencoder(coding_layer="mean"), "x: no layer mean in ['encoder1', 'decoder1']"),
    "no phase": (lambda: _autoencoder(phases=()), "x has no phase"),
    "unknown trained layer": (
        lambda: _autoencoder(phases=(replace(PHASE, trains=("decoder9",)),)),
        "x, phase phase1: no layer ['decoder9'] in ['encoder1', 'decoder1']",
    ),
    "unknown copied layer": (
        lambda: _autoencoder(phases=(replace(PHASE, starts_from="stacked", copies=("decoder9",)),)),
        "x, phase phase1: no layer ['decoder9'] in ['encoder1', 'decoder1']",
    ),
    "unknown penalised layer": (
        lambda: _autoencoder(phases=(replace(PHASE, l2=L2(0.1, ("decoder9",))),)),
        "phase phase1 penalises what it does not compute: decoder9",
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
    "rate infinite": (lambda: Adam(math.inf), "Adam: learning rate must be positive, found inf"),
    "epsilon infinite": (lambda: Adam(0.1, epsilon=math.inf), "Adam: epsilon must be positive, found inf"),
    "beta not a number": (lambda: Adam(0.1, beta1=math.nan), "Adam: beta1 must lie in [0, 1), found nan"),
    "scale infinite": (lambda: L2(math.inf, ("a",)), "L2: scale must be positive, found inf"),
    "penalises nothing": (lambda: L2(0.1, ()), "L2: no layer is penalised; leave the penalty out"),
    "penalises twice": (lambda: L2(0.1, ("a", "a")), "L2: a penalised layer stands twice: a"),
    "target not a number": (lambda: Sparsity(0.2, math.nan), "Sparsity: target must lie in (0, 1), found nan"),
    "deviation infinite": (lambda: Corruption("gaussian", math.inf), "Corruption: amount must be positive, found inf"),
    "corruption": (
        lambda: Corruption("salt", 0.1),  # type: ignore[arg-type]
        "Corruption: kind 'salt' is unknown; known: gaussian, dropout",
    ),
    "activation": (
        lambda: Layer("a", 3, 2, activation="relu"),  # type: ignore[arg-type]
        "layer a: activation 'relu' is unknown; known: none, elu, sigmoid",
    ),
    "initializer": (
        lambda: Layer("a", 3, 2, initializer="zeros"),  # type: ignore[arg-type]
        "layer a: initializer 'zeros' is unknown; known: he_normal, average_uniform, glorot_uniform",
    ),
    "sampling": (
        lambda: replace(PHASE, sampling="all"),  # type: ignore[arg-type]
        "phase phase1: sampling 'all' is unknown; known: epoch, fresh, full",
    ),
    "kind": (
        lambda: _autoencoder(kind="regressor"),
        "x: kind 'regressor' is unknown; known: reconstructing, variational, classifier",
    ),
    "half a unit": (
        lambda: Layer("a", 3, 2.5),  # type: ignore[arg-type]
        "layer a: size must be a positive whole number, found 2.5",
    ),
    "labels": (lambda: replace(PHASE, n_labels=0), "phase phase1: n_labels must be a positive whole number, found 0"),
    "layer name": (lambda: Layer("a.b", 3, 2), "layer 'a.b': a name is an identifier, such as encoder1"),
    "phase name": (lambda: replace(PHASE, name=""), "phase '': a name is an identifier, such as phase1"),
    "frozen and trained": (
        lambda: replace(PHASE, frozen=("encoder1",)), "phase phase1: a trained or frozen layer stands twice: encoder1",
    ),
    "phase twice": (lambda: _autoencoder(phases=(PHASE, PHASE)), "x: a phase stands twice: phase1"),
    "tied layer penalised": (
        lambda: _autoencoder(
            layers=(LAYER, replace(BACK, tied_to="encoder1")),
            phases=(replace(PHASE, trains=("encoder1", "decoder1"), l2=L2(0.1, ("decoder1",))),),
        ),
        "x, phase phase1: a tied layer has no weight of its own to penalise: decoder1",
    ),
    "first layer forgotten": (
        lambda: _autoencoder(phases=(replace(PHASE, trains=("decoder1",)),)),
        "x, phase phase1: its first layer, decoder1, takes 2 values, and the images have 4; name the layers before it "
        "in `frozen`, or say what its `inputs` are",
    ),
    "sizes that do not fit": (
        lambda: _autoencoder(layers=(LAYER, Layer("decoder1", 3, 4))),
        "x: decoder1 takes 3 values, encoder1 before it gives 2",
    ),
    "outputs that are no images": (
        lambda: _autoencoder(layers=(LAYER, Layer("decoder1", 2, 5))), "x: images have 4 values, decoder1 gives 5",
    ),
    "one head": (
        lambda: _autoencoder(kind="variational", layers=(Layer("encoder1", 4, 4),)),
        "x: behind encoder1 stands no head of 4 log variances",
    ),
    "heads of two sizes": (
        lambda: _autoencoder(
            kind="variational",
            layers=(LAYER, Layer("log_variance", 4, 3), Layer("decoder1", 2, 4)),
        ),
        "x: behind encoder1 stands no head of 2 log variances",
    ),
    "sparse without a sigmoid": (
        lambda: _autoencoder(phases=(replace(PHASE, sparsity=Sparsity(0.2, 0.1)),)),
        "x, phase phase1: sparsity needs codings between 0 and 1, so a sigmoid encoder1",
    ),
    "budgets without classes": (
        lambda: _autoencoder(label_budgets=(10,)), "x: label budgets go with a classifier, found kind 'reconstructing'",
    ),
    "labels without classes": (
        lambda: _autoencoder(phases=(replace(PHASE, n_labels=10),)),
        "x, phase phase1: n_labels goes with a classifier, found kind 'reconstructing'",
    ),
    "budget 0": (
        lambda: _autoencoder(kind="classifier", label_budgets=(0,)),
        "x: a label budget must be a positive whole number, found 0",
    ),
    "from two autoencoders": (
        lambda: _autoencoder(
            phases=tuple(replace(PHASE, name=n, starts_from=n, copies=("encoder1",)) for n in ("tied", "stacked"))
        ),
        "x: its phases start from stacked and tied; one is possible",
    ),
    "from itself": (
        lambda: _autoencoder(phases=(replace(PHASE, starts_from="x", copies=("encoder1",)),)),
        "x: a phase starts from the autoencoder itself",
    ),
    "too large": (
        lambda: _autoencoder(layers=(Layer("encoder1", 40_000, 40_000),)),
        "x: 1,600,040,000 parameters are more than 1,073,741,824",
    ),
    "tied with a kernel": (
        lambda: Layer("a", 3, 2, tied_to="b", own=(Parameter("kernel", (3,)),)),
        "layer a: a tied one has no parameters of its own",
    ),
    "tied and drawn": (
        lambda: Layer("a", 3, 2, tied_to="b", initializer="glorot_uniform"),
        "layer a: a tied one has no weight of its own for an initializer",
    ),
    "parameter twice": (
        lambda: Layer("a", 3, 2, own=(Parameter("bias", (3,)), Parameter("bias", (3,)))),
        "layer a: a parameter stands twice: bias",
    ),
    "empty parameter": (
        lambda: Parameter("kernel", (3, 0)), "parameter kernel: size must be a positive whole number, found 0",
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
