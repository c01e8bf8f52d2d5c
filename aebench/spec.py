"""What an autoencoder is, as frozen data that checks itself: numbers and names, no computation.

A specification says which layers there are, how each is initialised, which phases train which layers on what with
which penalty and optimiser. The computation is written out by hand in every framework; all read these numbers.

Source: the notebook "Autoencoders" for TensorFlow 1; each specification names the passage it comes from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from aebench import checks
from aebench.errors import SpecificationError
from aebench.layers import Activation, Initializer, Layer, Parameter
from aebench.measures import Measures
from aebench.phases import L2, Adam, Corruption, Phase, Sampling, Sparsity

__all__ = [
    "L2", "Activation", "Adam", "Autoencoder", "Corruption", "Initializer", "Kind", "Layer", "Parameter", "Phase",
    "Sampling", "Sparsity",
]  # fmt: skip

Kind = Literal["reconstructing", "variational", "classifier"]
# The loss terms that a kind always has, beside the penalties of its phases.
TERMS = {
    "reconstructing": ("reconstruction",),
    "variational": ("reconstruction", "latent"),
    "classifier": ("cross_entropy",),
}
# 8 GiB in float64, and an optimiser holds three times as much again.
MOST_VALUES = 2**30


@dataclass(frozen=True)
class Autoencoder:
    """One autoencoder of the source: its layers in order, its phases in order, and what makes it special.

    layers: each reads what the one before it gives. A variational one has two heads, which read the same: the coding
    layer, whose outputs are the means of the codings, and right behind it the one of their log variances.
    label_budgets: smaller numbers of labels at which a classifier is trained and measured, too. measures: what it is
    measured by once it is trained, judged by and shown in.
    """

    name: str
    title: str
    layers: tuple[Layer, ...]
    phases: tuple[Phase, ...]
    coding_layer: str = "encoder2"
    kind: Kind = "reconstructing"
    corruption: Corruption | None = None
    dataset: str | None = None
    label_budgets: tuple[int, ...] = ()
    measures: Measures = field(default_factory=Measures)

    def __post_init__(self) -> None:
        names = [layer.name for layer in self.layers]
        checks.one_of(f"{self.name}: kind", self.kind, Kind)
        checks.distinct(f"{self.name}: a layer", names)
        checks.distinct(f"{self.name}: a phase", (phase.name for phase in self.phases))
        checks.require(self.coding_layer in names, f"{self.name}: no layer {self.coding_layer} in {names}")
        checks.require(bool(self.phases), f"{self.name} has no phase")
        self._check_layers()
        for phase in self.phases:
            self._check_phase(phase)
        others = sorted(self._pretrainings())
        checks.require(len(others) <= 1, f"{self.name}: its phases start from {' and '.join(others)}; one is possible")
        checks.require(self.name not in others, f"{self.name}: a phase starts from the autoencoder itself")
        budgets = self.kind == "classifier" or not self.label_budgets
        checks.require(budgets, f"{self.name}: label budgets go with a classifier, found kind '{self.kind}'")
        checks.distinct(f"{self.name}: a label budget", map(str, self.label_budgets))
        for budget in self.label_budgets:
            checks.count(f"{self.name}: a label budget", budget)

    def _check_layers(self) -> None:
        for layer in self.layers:
            self._check_tie(layer)
        if self.kind == "variational":
            head = self.log_variance_layer
            checks.require(
                head is not None and head.n_outputs == self.n_codings,
                f"{self.name}: behind {self.coding_layer} stands no head of {self.n_codings} log variances",
            )
        for layer in self.layers:
            before = self.layer_before(layer)
            if before is not None and before.is_dense and layer.is_dense:
                checks.require(
                    before.n_outputs == layer.n_inputs,
                    f"{self.name}: {layer.name} takes {layer.n_inputs} values, {before.name} before it gives "
                    f"{before.n_outputs}",
                )
        last = self.layers[-1]
        checks.require(
            self.kind == "classifier" or last.n_outputs == self.n_inputs,
            f"{self.name}: images have {self.n_inputs} values, {last.name} gives {last.n_outputs}",
        )
        values = sum(layer.n_values for layer in self.layers)
        checks.require(values <= MOST_VALUES, f"{self.name}: {values:,} parameters are more than {MOST_VALUES:,}")

    def _check_phase(self, phase: Phase) -> None:
        here, names = f"{self.name}, phase {phase.name}", [layer.name for layer in self.layers]
        unknown = sorted({*phase.passes, *phase.copies} - set(names))
        checks.require(not unknown, f"{here}: no layer {unknown} in {names}")
        first = self.passed(phase)[0]
        checks.require(
            phase.inputs != "images" or first.n_inputs == self.n_inputs,
            f"{here}: its first layer, {first.name}, takes {first.n_inputs} values, and the images have "
            f"{self.n_inputs}; name the layers before it in `frozen`, or say what its `inputs` are",
        )
        tied = [name for name in (phase.l2.layers if phase.l2 else ()) if self.layer(name).tied_to]
        checks.require(not tied, f"{here}: a tied layer has no weight of its own to penalise: {', '.join(tied)}")
        others = [other.name for other in self.phases if other is not phase]
        over = phase.gains_over in (None, *others)
        checks.require(over, f"{here}: no other phase {phase.gains_over} to gain over in {others}")
        labels = self.kind == "classifier" or phase.n_labels is None
        checks.require(labels, f"{here}: n_labels goes with a classifier, found kind '{self.kind}'")
        squashed = phase.sparsity is None or self.layer(self.coding_layer).activation == "sigmoid"
        checks.require(squashed, f"{here}: sparsity needs codings between 0 and 1, so a sigmoid {self.coding_layer}")

    def _check_tie(self, layer: Layer) -> None:
        if layer.tied_to is None:
            return
        source = self.layer(layer.tied_to)
        checks.require(source.tied_to is None, f"{self.name}: {layer.name} is tied to {source.name}, itself tied")
        checks.require(source.is_dense, f"{self.name}: {layer.name} is tied to {source.name}, which is not dense")
        checks.require(
            (source.n_outputs, source.n_inputs) == (layer.n_inputs, layer.n_outputs),
            f"{self.name}: {layer.name} ({layer.n_inputs}, {layer.n_outputs}) is not the shape of "
            f"{source.name} ({source.n_inputs}, {source.n_outputs}) transposed",
        )

    def layer(self, name: str) -> Layer:
        """The layer of that name; SpecificationError when there is none."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise SpecificationError(f"{self.name} has no layer {name}; its layers: {[x.name for x in self.layers]}")

    def layer_before(self, layer: Layer) -> Layer | None:
        """The layer whose outputs this one reads; None for the first, which reads the images."""
        if layer == self.log_variance_layer:
            return self.layer_before(self.layer(self.coding_layer))
        before = [x for x in self.layers[: self.layers.index(layer)] if x != self.log_variance_layer]
        return before[-1] if before else None

    @property
    def log_variance_layer(self) -> Layer | None:
        """The head of the log variances, beside the coding layer; None where there is no such head."""
        behind = self.layers[self._coding_index + 1 :]
        return behind[0] if self.kind == "variational" and behind else None

    @property
    def encoding(self) -> tuple[Layer, ...]:
        """The layers from the images to the codings."""
        return self.layers[: self._coding_index + 1]

    @property
    def decoding(self) -> tuple[Layer, ...]:
        """The layers from the codings to the outputs."""
        return tuple(x for x in self.layers[self._coding_index + 1 :] if x != self.log_variance_layer)

    @property
    def _coding_index(self) -> int:
        return [layer.name for layer in self.layers].index(self.coding_layer)

    def phase(self, name: str) -> Phase:
        """The phase of that name; SpecificationError when there is none."""
        for phase in self.phases:
            if phase.name == name:
                return phase
        raise SpecificationError(f"{self.name} has no phase {name}; its phases: {[x.name for x in self.phases]}")

    @property
    def n_inputs(self) -> int:
        """Width of the images."""
        return self.layers[0].n_inputs

    @property
    def n_codings(self) -> int:
        """Width of the codings."""
        return self.layer(self.coding_layer).n_outputs

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Exchange name -> what the parameter is, in the order of the layers."""
        return {f"{layer.name}.{own.name}": own for layer in self.layers for own in layer.parameters}

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Exchange name -> shape of every parameter, in the order of the layers."""
        return {name: parameter.shape for name, parameter in self.parameters.items()}

    def passed(self, phase: Phase) -> tuple[Layer, ...]:
        """The layers that a step of the phase computes, in order."""
        return tuple(layer for layer in self.layers if layer.name in phase.passes)

    def terms(self, phase: Phase) -> tuple[str, ...]:
        """The loss terms of the phase beside `total`: those of the kind, then those of its penalties."""
        penalties = {"l2": phase.l2, "sparsity": phase.sparsity}
        return (*TERMS[self.kind], *(term for term, penalty in penalties.items() if penalty))

    def trained(self, phase: Phase) -> tuple[str, ...]:
        """Exchange names of the parameters that the phase changes."""
        return tuple(name for layer in phase.trains for name in self.layer(layer).shapes)

    @property
    def pretraining(self) -> str | None:
        """The autoencoder whose trained layers a phase starts from, if any."""
        return next(iter(self._pretrainings()), None)

    def _pretrainings(self) -> set[str]:
        return {phase.starts_from for phase in self.phases} - {"previous", "initial"}

    def with_schedule(self, epochs: dict[str, int], batch_size: int | None = None) -> Autoencoder:
        """The same autoencoder with other epochs per phase and, where given, another batch size."""
        phases = (
            dataclasses.replace(
                p, epochs=epochs.get(p.name, p.epochs), batch_size=p.batch_size if batch_size is None else batch_size
            )
            for p in self.phases
        )
        return dataclasses.replace(self, phases=tuple(phases))

    def at_label_budgets(self, n_images: int) -> Autoencoder:
        """The same classifier with its phases at every smaller label budget before those at its own.

        A phase at a budget is called NAME_BUDGET. It takes as many steps as the phase at the full budget, so that few
        labels do not also mean little training, and batches of at most all its labels.
        n_images: training images there are; budgets that are not smaller are left out.
        """
        return dataclasses.replace(
            self, phases=(*(at for n in self.label_budgets for at in self._at(n, n_images)), *self.phases)
        )

    def _at(self, budget: int, n_images: int) -> Iterator[Phase]:
        for phase in self.phases:
            full = min(phase.n_labels or n_images, n_images)
            if budget < full:
                at = dataclasses.replace(
                    phase, name=f"{phase.name}_{budget}", n_labels=budget, batch_size=min(phase.batch_size, budget),
                    gains_over=phase.gains_over and f"{phase.gains_over}_{budget}",
                )  # fmt: skip
                epochs = round(phase.epochs * phase.n_batches(full) / at.n_batches(budget))
                yield dataclasses.replace(at, epochs=max(1, epochs))

    def resized(self, width: float = 1.0, n_inputs: int | None = None) -> Autoencoder:
        """The same autoencoder with every hidden size scaled by `width` and images of `n_inputs` values.

        Raises:
            SpecificationError: width is not a positive number, a size too large, or a layer not dense.
        """
        checks.positive(f"{self.name}: width", width)
        if (width, n_inputs or self.n_inputs) == (1.0, self.n_inputs):
            return self
        self._require_dense()
        widest = width * max((layer.n_outputs for layer in self.layers[:-1]), default=1)
        checks.require(widest <= MOST_VALUES, f"{self.name}: width {width:g} makes a layer of {widest:g} units")
        return self.with_sizes(lambda size: max(1, round(size * width)), n_inputs)

    def with_sizes(self, hidden: Callable[[int], int], n_inputs: int | None = None) -> Autoencoder:
        """The same autoencoder with another size for each hidden size, and images of `n_inputs` values.

        What the first layer reads and, but for a classifier, the last one gives are images; what a classifier's last
        one gives are classes, and stays.

        Raises:
            SpecificationError: a layer is not dense.
        """
        self._require_dense()
        images = self.n_inputs if n_inputs is None else n_inputs
        outputs = [hidden(layer.n_outputs) for layer in self.layers[:-1]]
        outputs.append(self.layers[-1].n_outputs if self.kind == "classifier" else images)
        sizes = {layer.name: n for layer, n in zip(self.layers, outputs, strict=True)}
        layers = []
        for layer in self.layers:
            before = self.layer_before(layer)
            n = images if before is None else sizes[before.name]
            layers.append(dataclasses.replace(layer, n_inputs=n, n_outputs=sizes[layer.name]))
        return dataclasses.replace(self, layers=tuple(layers))

    def _require_dense(self) -> None:
        rigid = [layer.name for layer in self.layers if not layer.is_dense]
        checks.require(not rigid, f"{self.name}: the sizes of {', '.join(rigid)} are their own, so it keeps its sizes")
