"""What a training step cannot be faster than: its products are counted right, for every autoencoder and phase."""

from __future__ import annotations

import dataclasses
import itertools
from unittest import mock

import pytest
import remote
from processes import PHASES, Process

from aebench import registry
from aebench.errors import SpecificationError
from aebench.spec import Parameter
from aebench.speed.cases import Case, Options, subjects
from aebench.speed.ceiling import has_ceiling, optimizer_values, products, products_of_use

STACKED = registry.autoencoder("stacked")


def test_products_of_stacked_worked_out_by_hand() -> None:
    """Forward and weight gradient for every layer, gradient of the inputs for all but the first."""
    assert [
        (150, 784, 300), (784, 150, 300),
        (150, 300, 150), (300, 150, 150), (150, 150, 300),
        (150, 150, 300), (150, 150, 300), (150, 300, 150),
        (150, 300, 784), (300, 150, 784), (150, 784, 300),
    ] == products(STACKED, STACKED.phases[0], 150)  # fmt: skip


def test_a_frozen_layer_is_computed_but_has_no_gradients() -> None:
    """Phase 2 of `layerwise_joint` passes through a frozen first layer; the last arm of `pretrained` through two."""
    joint, pretrained = registry.autoencoder("layerwise_joint"), registry.autoencoder("pretrained")
    found = products(joint, joint.phase("phase2"), 10)
    assert [(10, 784, 300), (10, 300, 150), (300, 10, 150), (10, 150, 300), (150, 10, 300), (10, 300, 150)] == found
    assert 4 == len(products(pretrained, pretrained.phase("frozen"), 10))


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_forward_products_are_those_that_the_reference_multiplies(arbiter: Process, name: str, phase: str) -> None:
    """The specification says which layers a phase passes through; the reference's own forward pass agrees."""
    it = remote.narrow(name)
    rows = it.phase(phase).rows(remote.N_IMAGES)
    expected = sorted((rows, layer.n_inputs, layer.n_outputs) for layer in it.passed(it.phase(phase)))
    assert expected == sorted(arbiter.recall(remote.forward_products, name, phase))


def test_a_forgotten_frozen_layer_would_be_seen(arbiter: Process) -> None:
    """Planted: the specification without its frozen layer counts one product less than the reference multiplies."""
    it = remote.narrow("layerwise_joint")
    phase = dataclasses.replace(it.phase("phase2"), frozen=())
    assert len(it.passed(phase)) == len(arbiter.recall(remote.forward_products, "layerwise_joint", "phase2")) - 1


@pytest.mark.parametrize(
    ("name", "use", "widths"),
    [
        ("stacked", "encode", [784, 300, 150]),
        ("stacked", "decode", [150, 300, 784]),
        ("stacked", "reconstruct", [784, 300, 150, 300, 784]),
        ("variational", "reconstruct", [784, 500, 500, 20, 500, 500, 784]),
        ("variational", "sample", [20, 500, 500, 784]),
        ("pretrained", "decode", [150, 10]),
    ],
)
def test_products_of_a_use(name: str, use: str, widths: list[int]) -> None:
    """The layers up to the codings, those behind them, or both; the log variance is needed by none."""
    expected = [(7, n_inputs, n_outputs) for n_inputs, n_outputs in itertools.pairwise(widths)]
    assert expected == products_of_use(registry.autoencoder(name), use, 7)  # type: ignore[arg-type]


def test_the_optimizer_moves_seven_values_for_each_parameter() -> None:
    """Parameter, gradient and two moments are read, three of them written; only what the phase trains counts."""
    n_parameters = 2 * (784 * 300 + 300 * 150) + 300 + 150 + 300 + 784
    assert 7 * n_parameters == optimizer_values(STACKED, STACKED.phases[0])
    pretrained = registry.autoencoder("pretrained")
    assert 7 * (150 * 10 + 10) == optimizer_values(pretrained, pretrained.phase("frozen"))


def test_what_is_not_dense_has_no_ceiling() -> None:
    """Where a layer's products are not known, nobody guesses them, and no library is timed for them."""
    layer = dataclasses.replace(STACKED.layers[0], own=(Parameter("kernel", (3, 3, 1, 8)),))
    odd = dataclasses.replace(STACKED, layers=(layer, *STACKED.layers[1:]))
    assert has_ceiling(STACKED)
    assert not has_ceiling(odd)
    for count in (lambda: products(odd, odd.phases[0], 10), lambda: products_of_use(odd, "decode", 10)):
        with pytest.raises(SpecificationError, match="stacked has no ceiling: what encoder1 multiplies is not known"):
            count()
    with mock.patch.object(registry, "autoencoder", return_value=odd):
        assert {"framework"} == {x.kind for x in subjects(Case("stacked"), Options(frameworks=("reference",)))}
