"""Layer-wise training as in `layerwise_joint`, with the frozen first layer computed once.

Between the phases the first hidden layer of the whole training set is computed and kept; phase 2 reads its batches
from there and never sees an image again.
Expect training MSEs near 0.0075 (phase 1) and 0.0021 (phase 2) after four epochs each on MNIST.
"""

from aebench.implementations.reference.layers import elu
from aebench.implementations.reference.layerwise_joint import LayerwiseJoint


class LayerwiseCached(LayerwiseJoint):
    """As `layerwise_joint`, but x of phase 2 is the cached first hidden layer (batch, 300)."""

    def hidden1(self, x):
        """What is cached of the images (n, 784): the first hidden layer, (n, 300)."""
        return elu(self.encoder1(x))

    def phase2(self, x):
        hidden1 = x
        codings = elu(self.encoder2(hidden1))
        hidden3 = elu(self.decoder1(codings))
        return {"hidden1": hidden1, "codings": codings, "hidden3": hidden3}
