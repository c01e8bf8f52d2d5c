"""What a stretch of training is, as frozen data that checks itself: optimiser, penalties, sampling, beginning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aebench import checks

Sampling = Literal["epoch", "fresh", "full"]
CorruptionKind = Literal["gaussian", "dropout"]

# One run of a phase under the schedule `quick` reads about this many input values: 60,000 images of 784 pixels.
QUICK_VALUES = 60_000 * 784
SOURCE_TRAINING_IMAGES = 55_000


@dataclass(frozen=True)
class Adam:
    """Adam in its TensorFlow 1 form, called "epsilon hat": theta -= a_t m / (sqrt(v) + epsilon), with
    a_t = learning_rate sqrt(1 - beta2^t) / (1 - beta1^t) and t counted from 1.

    Source: `tf.train.AdamOptimizer` with its defaults; Kingma and Ba 2015, the remark before section 2.1.
    """

    learning_rate: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        checks.positive("Adam: learning rate", self.learning_rate)
        checks.fraction("Adam: beta1", self.beta1, with_zero=True)
        checks.fraction("Adam: beta2", self.beta2, with_zero=True)
        checks.positive("Adam: epsilon", self.epsilon)


@dataclass(frozen=True)
class L2:
    """Penalty `scale * sum over layers of 0.5 * sum(weight**2)`; biases are never penalised.

    Source: `tf.contrib.layers.l2_regularizer`.
    """

    scale: float
    layers: tuple[str, ...]

    def __post_init__(self) -> None:
        checks.positive("L2: scale", self.scale)
        checks.require(bool(self.layers), "L2: no layer is penalised; leave the penalty out")
        checks.distinct("L2: a penalised layer", self.layers)


@dataclass(frozen=True)
class Sparsity:
    """Penalty `weight * sum_j KL(target || q_j)`, q_j the batch mean of coding j.

    Source: `sparsity_weight * sparsity_loss`.
    """

    weight: float
    target: float

    def __post_init__(self) -> None:
        checks.fraction("Sparsity: target", self.target)
        checks.positive("Sparsity: weight", self.weight)


@dataclass(frozen=True)
class Corruption:
    """What is done to the inputs while training: `gaussian` adds `amount * N(0, 1)`; `dropout` keeps each input with
    probability `amount` and divides the kept ones by it."""

    kind: CorruptionKind
    amount: float

    def __post_init__(self) -> None:
        checks.one_of("Corruption: kind", self.kind, CorruptionKind)
        checks.positive("Corruption: amount", self.amount)
        checks.require(self.kind == "gaussian" or self.amount <= 1, "Corruption: a keep probability is at most 1")


@dataclass(frozen=True)
class Phase:
    """One stretch of training with an optimiser of its own, started at zero moments.

    `frozen` layers are computed, too, and stay as they are. `inputs` is "images", or the name of an activation that is
    computed once from all images, by the model as it is when the phase begins. `starts_from` is "previous" (go on),
    "initial" (the initial parameters) or the name of a trained autoencoder from whose checkpoint the layers `copies`
    replace the initial ones. `n_labels`: labelled images that a classifier's phase trains on; None is all. `measures`
    are taken when the phase ends, beside those of the finished autoencoder, and the gain in them over another phase,
    `gains_over`.
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
        here = f"phase {self.name}"
        checks.require(self.name.isidentifier(), f"phase '{self.name}': a name is an identifier, such as phase1")
        checks.count(f"{here}: epochs", self.epochs)
        checks.count(f"{here}: batch size", self.batch_size)
        if self.n_labels is not None:
            checks.count(f"{here}: n_labels", self.n_labels)
        checks.one_of(f"{here}: sampling", self.sampling, Sampling)
        checks.require(bool(self.trains), f"{here} trains no layer")
        checks.distinct(f"{here}: a trained or frozen layer", self.passes)
        checks.distinct(f"{here}: a copied layer", self.copies)
        beyond = sorted(set(self.l2.layers) - set(self.passes)) if self.l2 else []
        checks.require(not beyond, f"{here} penalises what it does not compute: {', '.join(beyond)}")
        from_another = self.starts_from not in ("previous", "initial")
        checks.require(from_another == bool(self.copies), f"{here}: `copies` goes with another autoencoder's name")

    @property
    def passes(self) -> tuple[str, ...]:
        """The layers that a step computes, those that it trains first."""
        return (*self.trains, *self.frozen)

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
