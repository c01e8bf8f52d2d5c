"""Classifier 784-300-150-10 on the encoder of a trained `layerwise_cached`; arms scratch, finetuned, frozen.

All arms compute the same; they differ in where the encoder comes from and in which layers are trained.
Loss: mean softmax cross-entropy plus an L2 penalty on all three weights, frozen or not.
Expect a test accuracy near 0.94 after four epochs on 20,000 labelled digits of MNIST.
"""

from aebench.implementations.tensorflow.layers import Dense, elu
from aebench.implementations.tensorflow.losses import (
    l2_penalty,
    softmax_cross_entropy,
)
from aebench.implementations.tensorflow.network import Network


class Pretrained(Network):
    """784-300-150-10, loss: cross_entropy + l2."""

    def __init__(self, autoencoder):
        super().__init__(autoencoder)
        self.encoder1 = Dense(autoencoder.layer("encoder1"))
        self.encoder2 = Dense(autoencoder.layer("encoder2"))
        self.logits = Dense(autoencoder.layer("logits"))

    def encode(self, x, noise=None):
        return elu(self.encoder2(elu(self.encoder1(x))))

    def decode(self, codings):
        return self.logits(codings)

    def forward(self, phase, x, noise):
        hidden1 = elu(self.encoder1(x))
        codings = elu(self.encoder2(hidden1))
        outputs = self.logits(codings)
        return {"hidden1": hidden1, "codings": codings, "outputs": outputs}

    def losses(self, phase, activations, x, labels):
        cross_entropy = softmax_cross_entropy(activations["outputs"], labels)
        l2 = l2_penalty(phase.l2, [self.encoder1, self.encoder2, self.logits])
        return {"cross_entropy": cross_entropy, "l2": l2, "total": cross_entropy + l2}
