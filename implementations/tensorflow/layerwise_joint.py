"""Greedy layer-wise training of one 784-300-150-300-784 model in two phases.

Phase 1 trains the outer layers as 784-300-784, bypassing the middle. Phase 2 trains the middle to reproduce the
first hidden layer, through ELU, with the outer layers frozen.
Expect training MSEs near 0.0075 (phase 1) and 0.0025 (phase 2) after four epochs each on MNIST.
"""

from aebench.implementations.tensorflow.layers import elu, frozen
from aebench.implementations.tensorflow.losses import (
    l2_penalty,
    mean_squared_error,
)
from aebench.implementations.tensorflow.stacked import Stacked


class LayerwiseJoint(Stacked):
    """Two phases on the layers of `stacked`, loss of each: reconstruction + l2."""

    def forward(self, phase, x, noise):
        return self.phase1(x) if phase.name == "phase1" else self.phase2(x)

    def phase1(self, x):
        """Activations of 784-300-784 on images x (batch, 784): encoder1, then decoder2."""
        hidden1 = elu(self.encoder1(x))
        outputs = self.decoder2(hidden1)
        return {"hidden1": hidden1, "outputs": outputs}

    def phase2(self, x):
        """Activations of 300-150-300 on the frozen first hidden layer of images x (batch, 784)."""
        hidden1 = frozen(elu(self.encoder1(x)))
        codings = elu(self.encoder2(hidden1))
        hidden3 = elu(self.decoder1(codings))
        return {"hidden1": hidden1, "codings": codings, "hidden3": hidden3}

    def losses(self, phase, activations, x, labels):
        if phase.name == "phase1":
            reconstruction = mean_squared_error(activations["outputs"], x)
            l2 = l2_penalty(phase.l2, [self.encoder1, self.decoder2])
        else:
            reconstruction = mean_squared_error(activations["hidden3"], activations["hidden1"])
            l2 = l2_penalty(phase.l2, [self.encoder2, self.decoder1])
        return {"reconstruction": reconstruction, "l2": l2, "total": reconstruction + l2}
