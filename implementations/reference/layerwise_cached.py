"""Layer-wise training as in `layerwise_joint`, with the frozen first layer computed once.

Between the phases the first hidden layer of the whole training set is computed and kept; phase 2 reads its batches
from there and never sees an image again.
Expect training MSEs near 0.0075 (phase 1) and 0.0021 (phase 2) after four epochs each on MNIST.

Source: lines 322 to 350, `mnist_hidden1`.
"""

from __future__ import annotations

from dataclasses import replace

from aebench.arrays import Array, Arrays
from aebench.implementations.reference.layerwise_joint import LayerwiseJoint
from aebench.implementations.reference.stacked import Stacked
from aebench.text import Pass


class LayerwiseCached(LayerwiseJoint):
    """As `layerwise_joint`, but x of phase 2 is the cached first hidden layer (batch, 300)."""

    text = replace(
        Stacked.text, passes=(Pass(("encoder1", "decoder2")), Pass(("encoder2", "decoder1"), inputs="hidden1"))
    )

    def hidden1(self, x: Array) -> Array:
        """What is cached of the images (n, 784): the first hidden layer, (n, 300)."""
        return self.encoder1(x)

    def phase2(self, x: Array) -> Arrays:
        hidden1 = x
        codings = self.encoder2(hidden1)
        hidden3 = self.decoder1(codings)
        return {"hidden1": hidden1, "codings": codings, "hidden3": hidden3}
