"""What an autoencoder is, as frozen data that checks itself: numbers and names, no computation.

A specification says which layers there are, how each is initialised, which phases train which layers on what with
which penalty and optimiser. The computation is written out by hand in every framework; all read these numbers.

Source: the notebook "Autoencoders" for TensorFlow 1; each specification names the passage it comes from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from aebench.errors import SpecificationError
from aebench.measures import Measures

Activation = Literal["none", "elu", "sigmoid"]
Initializer = Literal["he_normal", "average_uniform", "glorot_uniform"]
Sampling = Literal["epoch", "fresh", "full"]

# One run of a phase under the schedule `quick` reads about this many input values: 60,000 images of 784 pixels.
QUICK_VALUES = 60_000 * 784
SOURCE_TRAINING_IMAGES = 55_000


@dataclass(frozen=True)
class Layer:
    """A dense layer `x @ weight + bias`; a tied one has a bias only and uses another layer's weight transposed."""

    name: str
    n_inputs: int
    n_outputs: int
    activation: Activation = "elu"
    initializer: Initializer = "he_normal"
    tied_to: str | None = None

    def __post_init__(self) -> None:
        _require(self.n_inputs > 0 and self.n_outputs > 0, f"layer {self.name}: sizes must be positive")

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Exchange name -> shape of every parameter of its own."""
        weight = {} if self.tied_to else {f"{self.name}.weight": (self.n_inputs, self.n_outputs)}
        return {**weight, f"{self.name}.bias": (self.n_outputs,)}


@dataclass(frozen=True)
class Adam:
    """Adam in its TensorFlow 1 form, called "epsilon hat": theta -= a_t m / (sqrt(v) + epsilon), with
    a_t = learning_rate sqrt(1 - beta2^t) / (1 - beta1^t) and t counted from 1.

    Source: Kingma and Ba 2015, the remark before section 2.1.
    """

    learning_rate: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        _require(self.learning_rate > 0, f"Adam: learning rate must be positive, found {self.learning_rate}")
        _require(0 <= self.beta1 < 1 and 0 <= self.beta2 < 1, "Adam: beta1 and beta2 must lie in [0, 1)")
        _require(self.epsilon > 0, f"Adam: epsilon must be positive, found {self.epsilon}")


@dataclass(frozen=True)
class L2:
    """Penalty `scale * sum over layers of 0.5 * sum(weight**2)`; biases are never penalised."""

    scale: float
    layers: tuple[str, ...]

    def __post_init__(self) -> None:
        _require(self.scale > 0, f"L2: scale must be positive, found {self.scale}")


@dataclass(frozen=True)
class Sparsity:
    """Penalty `weight * sum_j KL(target || q_j)`, q_j the batch mean of coding j."""

    weight: float
    target: float

    def __post_init__(self) -> None:
        _require(0 < self.target < 1, f"Sparsity: target must lie in (0, 1), found {self.target}")
        _require(self.weight > 0, f"Sparsity: weight must be positive, found {self.weight}")


@dataclass(frozen=True)
class Corruption:
    """What is done to the inputs while training: `gaussian` adds `amount * N(0, 1)`; `dropout` keeps each input with
    probability `amount` and divides the kept ones by it."""

    kind: Literal["gaussian", "dropout"]
    amount: float

    def __post_init__(self) -> None:
        _require(self.amount > 0, f"Corruption: amount must be positive, found {self.amount}")
        _require(self.kind == "gaussian" or self.amount <= 1, "Corruption: a keep probability is at most 1")


@dataclass(frozen=True)
class Phase:
    """One stretch of training with an optimiser of its own, started at zero moments.

    `frozen` layers are computed, too, and stay as they are. `inputs` is "images", or the name of an activation that is
    computed once from all images, by the model as it is when the phase begins. `starts_from` is "previous" (go on),
    "initial" (the initial parameters) or the name of a trained autoencoder from whose checkpoint the layers `copies`
    replace the initial ones. `measures` are taken when the phase ends, beside those of the finished autoencoder; at
    `gains_over`, another phase, they are compared with that one's.
    """

    name: str
    trains: tuple[str, ...]
    optimizer: Adam
    epochs: int
    batch_size: int
    sampling: Sampling = "epoch"
    frozen: tuple[str, ...] = ()
    l2: L2 | None = None
    sparsity: Sparsity | None = None
    inputs: str = "images"
    starts_from: str = "previous"
    copies: tuple[str, ...] = ()
    n_labels: int | None = None
    measures: tuple[str, ...] = ()
    gains_over: str | None = None

    def __post_init__(self) -> None:
        _require(self.epochs > 0 and self.batch_size > 0, f"phase {self.name}: epochs and batch size must be positive")
        _require(bool(self.trains), f"phase {self.name} trains no layer")
        from_another = self.starts_from not in ("previous", "initial")
        _require(from_another == bool(self.copies), f"phase {self.name}: `copies` goes with another autoencoder's name")

    def n_batches(self, n_images: int) -> int:
        """Batches in an epoch; the incomplete last batch is dropped."""
        return 1 if self.sampling == "full" else n_images // self.batch_size

    def rows(self, n_images: int) -> int:
        """Images in a batch."""
        return n_images if self.sampling == "full" else self.batch_size

    def quick_epochs(self, n_images: int, n_inputs: int) -> int:
        """Epochs under the schedule `quick`: about `QUICK_VALUES` input values, never more than the source's steps."""
        per_epoch = max(self.n_batches(n_images), 1)
        steps = QUICK_VALUES / (self.batch_size * n_inputs)
        source_steps = self.epochs * self.n_batches(self.n_labels or SOURCE_TRAINING_IMAGES)
        return max(1, round(min(steps, source_steps) / per_epoch))


@dataclass(frozen=True)
class Autoencoder:
    """One autoencoder of the source: its layers in order, its phases in order, and what makes it special.

    label_budgets: smaller numbers of labels at which a classifier is trained and measured, too. measures: what it is
    measured by once it is trained, judged by and shown in.
    """

    name: str
    title: str
    layers: tuple[Layer, ...]
    phases: tuple[Phase, ...]
    coding_layer: str = "encoder2"
    kind: Literal["reconstructing", "variational", "classifier"] = "reconstructing"
    corruption: Corruption | None = None
    dataset: str | None = None
    label_budgets: tuple[int, ...] = ()
    measures: Measures = field(default_factory=Measures)

    def __post_init__(self) -> None:
        names = [layer.name for layer in self.layers]
        _require(len(set(names)) == len(names), f"{self.name}: a layer name stands twice in {names}")
        _require(self.coding_layer in names, f"{self.name}: no layer {self.coding_layer} in {names}")
        _require(bool(self.phases), f"{self.name} has no phase")
        for layer in self.layers:
            self._check_tie(layer)
        for phase in self.phases:
            mentioned = {*phase.trains, *phase.frozen, *phase.copies, *(phase.l2.layers if phase.l2 else ())}
            unknown = sorted(mentioned - set(names))
            _require(not unknown, f"{self.name}, phase {phase.name}: no layer {unknown} in {names}")
            if phase.gains_over:
                self.phase(phase.gains_over)

    def _check_tie(self, layer: Layer) -> None:
        if layer.tied_to is None:
            return
        source = self.layer(layer.tied_to)
        _require(source.tied_to is None, f"{self.name}: {layer.name} is tied to {source.name}, itself tied")
        _require(
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
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Exchange name -> shape of every parameter, in the order of the layers."""
        return {name: shape for layer in self.layers for name, shape in layer.shapes.items()}

    def passed(self, phase: Phase) -> tuple[Layer, ...]:
        """The layers that a step of the phase computes, in order."""
        return tuple(layer for layer in self.layers if layer.name in (*phase.trains, *phase.frozen))

    def trained(self, phase: Phase) -> tuple[str, ...]:
        """Exchange names of the parameters that the phase changes."""
        return tuple(name for layer in phase.trains for name in self.layer(layer).shapes)

    @property
    def pretraining(self) -> str | None:
        """The autoencoder whose trained layers a phase starts from, if any."""
        others = {phase.starts_from for phase in self.phases} - {"previous", "initial"}
        return others.pop() if others else None

    def with_schedule(self, epochs: dict[str, int], batch_size: int | None = None) -> Autoencoder:
        """The same autoencoder with other epochs per phase and, where given, another batch size."""
        phases = (
            dataclasses.replace(p, epochs=epochs.get(p.name, p.epochs), batch_size=batch_size or p.batch_size)
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
        """The same autoencoder with every hidden size scaled by `width` and images of `n_inputs` values."""
        old, new = self.n_inputs, n_inputs or self.n_inputs
        kept = {self.layers[-1].n_outputs} if self.kind == "classifier" else set()

        def size(n: int) -> int:
            return new if n == old else n if n in kept else max(1, round(n * width))

        layers = (dataclasses.replace(x, n_inputs=size(x.n_inputs), n_outputs=size(x.n_outputs)) for x in self.layers)
        return dataclasses.replace(self, layers=tuple(layers))


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise SpecificationError(message)
