"""Classifier 784-300-150-10 on the encoder of a trained `layerwise_cached`; arms scratch, finetuned, frozen.

All arms compute the same; they differ in where the encoder comes from and in which layers are trained.
Loss: mean softmax cross-entropy plus an L2 penalty on all three weights, frozen or not.
Expect a test accuracy near 0.94 after four epochs on 20,000 labelled digits of MNIST.

Source: lines 355 to 430, `pretrain_saver`, "Freeze layers 1 and 2 (optional)".
Deviates: the last weight is (150, 10), where the source has a leftover `n_hidden3`; the cross-entropy is the mean over
the batch, where the source adds the penalty to each image's and TensorFlow sums the gradients: the same minimum.
"""

from __future__ import annotations

from aebench.arrays import Array, Arrays
from aebench.implementations.reference.layers import Dense
from aebench.implementations.reference.losses import (
    l2_penalty,
    l2_penalty_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)
from aebench.implementations.reference.network import Network
from aebench.spec import Autoencoder, Phase
from aebench.text import Text


class Pretrained(Network):
    """784-300-150-10, loss: cross_entropy + l2."""

    text = Text(layers=("encoder1", "encoder2", "logits"), terms=("cross_entropy", "l2"), coding_layer="encoder2")

    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__(autoencoder)
        self.encoder1 = Dense(autoencoder.layer("encoder1"))
        self.encoder2 = Dense(autoencoder.layer("encoder2"))
        self.logits = Dense(autoencoder.layer("logits"))

    def encode(self, x: Array, noise: Array | None = None) -> Array:
        return self.encoder2(self.encoder1(x))

    def decode(self, codings: Array) -> Array:
        return self.logits(codings)

    def forward(self, phase: Phase, x: Array, noise: Array | None) -> Arrays:
        hidden1 = self.encoder1(x)
        codings = self.encoder2(hidden1)
        outputs = self.logits(codings)
        return {"hidden1": hidden1, "codings": codings, "outputs": outputs}

    def losses(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> Arrays:
        cross_entropy = softmax_cross_entropy(activations["outputs"], labels)
        l2 = l2_penalty(phase.l2, self.penalised(phase))
        return {"cross_entropy": cross_entropy, "l2": l2, "total": cross_entropy + l2}

    def backward(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> None:
        hidden1, codings, outputs = activations["hidden1"], activations["codings"], activations["outputs"]
        d_outputs = softmax_cross_entropy_backward(outputs, labels)
        d_codings = self.logits.backward(codings, outputs, d_outputs)
        d_hidden1 = self.encoder2.backward(hidden1, codings, d_codings)
        self.encoder1.backward(x, hidden1, d_hidden1)
        l2_penalty_backward(phase.l2, self.penalised(phase))
