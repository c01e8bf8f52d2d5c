"""What the specification says, happens: whatever is changed in one, something else is computed, or it is refused."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest
import remote
import remote_spec
from mutations import mutations
from processes import Process, apart

from aebench import registry
from aebench.arrays import Arrays
from aebench.autoencoders.stacked import STACKED
from aebench.errors import SpecificationError
from aebench.spec import L2, Autoencoder
from aebench.text import Text

FLOAT64 = 1e-12


def _differ(before: Arrays, after: Arrays) -> bool:
    return list(before) != list(after) or not all(np.array_equal(a, after[name]) for name, a in before.items())


def _computed_changes(name: str) -> dict[str, Autoencoder]:
    """Every change of the narrow autoencoder that its specification allows, by what it is."""
    found = {}
    for what, make in mutations(remote.narrow(name)):
        try:
            found[what] = make()
        except SpecificationError:
            continue
    return found


def _silent(name: str) -> list[str]:
    """The changes that are neither refused nor seen in anything that the reference computes."""
    before = remote_spec.computed(remote.narrow(name))
    assert isinstance(before, dict), before
    after = {what: remote_spec.computed(changed) for what, changed in _computed_changes(name).items()}
    return [what for what, found in after.items() if isinstance(found, dict) and not _differ(before, found)]


@pytest.mark.parametrize("name", registry.autoencoders())
def test_every_change_of_a_specification_is_computed_or_refused(name: str) -> None:
    """No field is read by nobody: with another value something is computed or fed that is not as before, or it is
    refused when the specification or the network is made."""
    assert _silent(name) == []


def test_a_text_that_ignores_its_specification_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: `linear` knows no penalty; only the check of its text keeps it from leaving one out silently."""
    it = remote.narrow("linear")
    penalised = replace(it, phases=(replace(it.phases[0], l2=L2(0.1, ("encoder1",))),))
    expected = (
        "linear: the loss terms of phase1 of its text: ('reconstruction',); "
        "of its specification: ('reconstruction', 'l2'); change both alike"
    )
    assert expected == remote_spec.computed(penalised)
    monkeypatch.setattr(Text, "check", lambda self, autoencoder: None)
    before, after = remote_spec.computed(it), remote_spec.computed(penalised)
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert not _differ(before, after)


def test_a_layer_that_ignores_its_activation_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: where every activation is an ELU, all changes to another are seen to change nothing."""
    layers = importlib.import_module("aebench.implementations.reference.layers")
    monkeypatch.setattr(layers, "ACTIVATIONS", dict.fromkeys(layers.ACTIVATIONS, layers.ACTIVATIONS["elu"]))
    others = {layer.name: [x for x in ("none", "elu", "sigmoid") if x != layer.activation] for layer in STACKED.layers}
    expected = [f"stacked.{layer}.activation = {other}" for layer, found in others.items() for other in found]
    assert expected == _silent("stacked")


EAGER = [name for name, found in registry.variants().items() if found.mode == "eager" and name != registry.ARBITER]


@pytest.mark.slow
@pytest.mark.parametrize("framework", EAGER)
@pytest.mark.parametrize("name", ["layerwise_joint", "tied", "sparse", "variational"])
def test_frameworks_follow_a_changed_specification_as_the_arbiter_does(framework: str, name: str) -> None:
    """Each change gives the arbiter's numbers within 1e-12, or the arbiter's refusal, word for word."""
    if registry.version(registry.variants()[framework]) is None:
        pytest.skip(f"{framework} is not installed")
    changed = _computed_changes(name)
    process = Process(framework)
    try:
        actual = process.call(remote_spec.all_computed, list(changed.values()))
    finally:
        process.close()
    for what, found, its in zip(changed, actual, changed.values(), strict=True):
        expected = remote_spec.computed(its)
        if isinstance(expected, str):
            assert expected == found, what
        else:
            assert isinstance(found, dict), f"{what}: {found}"
            assert apart(expected, found) < FLOAT64, what
