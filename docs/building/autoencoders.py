"""The pages of the autoencoders: the idea, the formulas, the numbers of the specification, and the three texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aebench import registry
from aebench.spec import Autoencoder, Phase
from docs.building.docstrings import escaped

FRAMEWORKS = {"pytorch": "PyTorch", "tensorflow": "TensorFlow", "reference": "Reference (NumPy, float64)"}


def autoencoder_pages(about: Mapping[str, Any]) -> dict[str, str]:
    """A page for each autoencoder of this package, by name. about: of each the idea and the formulas."""
    return {name: "\n".join(_page(registry.autoencoder(name), said)) for name, said in about.items()}


def _page(autoencoder: Autoencoder, said: Mapping[str, Any]) -> Iterator[str]:
    name = autoencoder.name
    yield from (name, "=" * len(name), "", f"*{escaped(autoencoder.title)}.* {escaped(said['idea'])}", "")
    for formula in said["formulas"]:
        yield from (".. math::", "", f"   {formula}", "")
    yield from ("How the signs are meant: :doc:`/mathematics`.", "", "Specification", "-------------", "")
    yield from _table(("layer", "inputs", "outputs", "activation", "weights begin as"), _layers(autoencoder))
    yield from _table(("phase", "trains", "on", "optimiser", "schedule", "penalty"), map(_phase, autoencoder.phases))
    if autoencoder.corruption:
        yield from (f"Inputs while training: {_corruption(autoencoder)}.", "")
    for framework, title in FRAMEWORKS.items():
        module = f"aebench.implementations.{framework}.{name}"
        yield from (title, "-" * len(title), "", f".. automodule:: {module}", "   :members:", "")
        yield from (f".. literalinclude:: ../../../implementations/{framework}/{name}.py", "   :language: python", "")


def _layers(autoencoder: Autoencoder) -> Iterator[Sequence[str]]:
    for layer in autoencoder.layers:
        begin = f"those of {layer.tied_to}, transposed" if layer.tied_to else layer.initializer
        yield layer.name, str(layer.n_inputs), str(layer.n_outputs), layer.activation, begin


def _phase(phase: Phase) -> Sequence[str]:
    trains = ", ".join(phase.trains) + (f"; frozen: {', '.join(phase.frozen)}" if phase.frozen else "")
    begins = "" if phase.starts_from == "previous" else f", from {phase.starts_from}"
    labels = f", {phase.n_labels:,} labels" if phase.n_labels else ""
    penalties = [f"L2 {phase.l2.scale:g} on {', '.join(phase.l2.layers)}"] if phase.l2 else []
    if phase.sparsity:
        penalties.append(f"{phase.sparsity.weight:g} times the KL divergence from {phase.sparsity.target:g}")
    schedule = f"{phase.epochs:,} epochs of batches of {phase.batch_size:,}, {phase.sampling}"
    optimizer = f"Adam, rate {phase.optimizer.learning_rate:g}"
    return phase.name, trains, f"{phase.inputs}{labels}{begins}", optimizer, schedule, "; ".join(penalties) or "none"


def _corruption(autoencoder: Autoencoder) -> str:
    found = autoencoder.corruption
    assert found is not None
    if found.kind == "gaussian":
        return f"normal noise of deviation {found.amount:.6g} is added"
    return f"each is kept with probability {found.amount:g}, and divided by it"


def _table(head: Sequence[str], rows: Any) -> Iterator[str]:
    yield from (".. list-table::", "   :header-rows: 1", "")
    for row in (head, *rows):
        yield from (f"   {'* -' if i == 0 else '  -'} {escaped(cell)}" for i, cell in enumerate(row))
    yield ""
